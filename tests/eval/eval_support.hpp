#pragma once
// Tensors from golden values and from the project's own random streams.

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/eval/features.hpp"
#include "support/golden.hpp"

namespace likewise {

inline Tensor tensor_of(const std::vector<double>& values, const std::vector<int64_t>& shape,
                        at::ScalarType type = at::kFloat) {
  Tensor out = at::empty(shape, at::kDouble);
  std::copy(values.begin(), values.end(), out.data_ptr<double>());
  return out.to(type);
}

inline Tensor labels_of(const std::vector<int64_t>& values) {
  Tensor out = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::copy(values.begin(), values.end(), out.data_ptr<int64_t>());
  return out;
}

inline Tensor golden_tensor(const Golden& golden, const std::string& name, const std::string& part,
                            at::ScalarType type = at::kFloat) {
  return tensor_of(golden.values(name, part), golden.shape(name, part), type);
}

inline Tensor normal_table(int64_t n, int64_t d, uint64_t seed) {
  Tensor out = at::empty({n, d}, at::kFloat);
  Rng(seed).fill_normal(out.data_ptr<float>(), n * d);
  return out;
}

// `n` rows of `classes` normal clouds of deviation `noise` around random unit-variance centres;
// row i has label i % classes. Equal `seed` gives equal centres, `draw` other rows.
inline FeatureSet clouds(int64_t n, int64_t d, int64_t classes, double noise, uint64_t seed,
                         uint64_t draw = 0) {
  const Tensor centres = normal_table(classes, d, seed);
  FeatureSet set;
  set.x = normal_table(n, d, 1000 + 7 * seed + draw);
  set.y = at::empty({n}, at::kLong);
  for (int64_t i = 0; i < n; ++i) {
    set.y.data_ptr<int64_t>()[i] = i % classes;
    for (int64_t j = 0; j < d; ++j) {
      float& value = set.x.data_ptr<float>()[i * d + j];
      value = static_cast<float>(centres.data_ptr<float>()[i % classes * d + j] + noise * value);
    }
  }
  return set;
}

inline std::vector<double> doubles(const Tensor& x) {
  const Tensor wide = x.to(at::kDouble).contiguous();
  return {wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel()};
}

inline std::vector<int64_t> integers(const Tensor& x) {
  const Tensor y = x.contiguous();
  return {y.data_ptr<int64_t>(), y.data_ptr<int64_t>() + y.numel()};
}

inline void expect_near(const std::vector<double>& got, const std::vector<double>& want,
                        double rtol, double atol, const std::string& what) {
  ASSERT_EQ(got.size(), want.size()) << what;
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i], want[i], atol + rtol * std::abs(want[i])) << what << " at " << i;
  }
}

// The thread count inside, the former one afterwards.
class Threads {
 public:
  explicit Threads(int n) : before_(at::get_num_threads()) { at::set_num_threads(n); }
  ~Threads() { at::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace likewise
