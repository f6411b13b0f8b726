#include "likewise/losses/alignment_uniformity.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "support/golden.hpp"

namespace likewise {
namespace {

Tensor golden_tensor(const Golden& golden, const std::string& name, const std::string& tensor) {
  return at::tensor(golden.values(name, tensor), at::kDouble).reshape(golden.shape(name, tensor));
}

Tensor sphere_rows(int64_t n, int64_t d, uint64_t seed) {
  std::vector<float> x(n * d);
  Rng(seed).fill_normal(x.data(), n * d);
  return at::tensor(x).reshape({n, d});
}

TEST(AlignmentUniformity, AgreesWithGoldenValues) {
  const Golden golden("eval");
  const std::string name = "alignment_uniformity";
  const Tensor x = golden_tensor(golden, name, "x"), y = golden_tensor(golden, name, "y");
  const double align = golden.values(name, "alignment").at(0);
  const double uniform = golden.values(name, "uniformity").at(0);
  EXPECT_NEAR(alignment(x, y).item<double>(), align, 1e-10);
  EXPECT_NEAR(uniformity(x).item<double>(), uniform, 1e-10);
  EXPECT_NEAR(alignment(x.to(at::kFloat), y.to(at::kFloat)).item<double>(), align, 1e-5);
  EXPECT_NEAR(uniformity(x.to(at::kFloat)).item<double>(), uniform, 2e-5);
}

TEST(Uniformity, AgreesWithLoopsAcrossTiles) {
  for (const int64_t n : {2, 511, 512, 513, 514, 1025}) {
    const Tensor x = sphere_rows(n, 3, 5).to(at::kDouble);
    const Tensor z = (x / x.norm(2, {1}, true)).contiguous();
    const double* p = z.data_ptr<double>();
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = i + 1; j < n; ++j) {
        double square = 0;
        for (int k = 0; k < 3; ++k) square += std::pow(p[i * 3 + k] - p[j * 3 + k], 2);
        sum += std::exp(-1.5 * square);
      }
    }
    const double expected = std::log(sum / (0.5 * n * (n - 1)));
    EXPECT_NEAR(uniformity(x, 1.5).item<double>(), expected, 1e-10) << n;
  }
}

TEST(AlignmentUniformity, HasItsClosedForms) {
  const Tensor same = at::ones({6, 4});
  EXPECT_NEAR(alignment(same, same * 3).item<double>(), 0, 1e-7);
  EXPECT_NEAR(alignment(same, -same).item<double>(), 4, 1e-6);
  EXPECT_NEAR(alignment(same, -same, 1).item<double>(), 2, 1e-6);
  EXPECT_NEAR(uniformity(same).item<double>(), 0, 1e-6);            // collapsed
  EXPECT_NEAR(uniformity(at::eye(5), 2).item<double>(), -4, 1e-6);  // |e_i - e_j|^2 = 2
}

TEST(Uniformity, HasAGradientThatSpreadsEmbeddings) {
  const Tensor x = sphere_rows(40, 3, 8).set_requires_grad(true);
  const Tensor before = uniformity(x);
  before.backward();
  EXPECT_LT(uniformity(x.detach() - 0.5 * x.grad()).item<double>(), before.item<double>());
}

TEST(AlignmentUniformity, RejectsWhatItCannotCompare) {
  EXPECT_THROW(uniformity(at::ones({1, 4})), UserError);
  EXPECT_THROW(alignment(at::ones({2, 4}), at::ones({3, 4})), UserError);
}

}  // namespace
}  // namespace likewise
