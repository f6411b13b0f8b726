#pragma once
// What the tests of InfoNCE share: inputs, and values with gradients.

#include <ATen/TensorOperators.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/losses/contrastive.hpp"

namespace likewise::contrastive_test {

inline Tensor rows(int64_t n, int64_t d, uint64_t seed, at::ScalarType type = at::kFloat) {
  std::vector<float> x(n * d);
  Rng(seed).fill_normal(x.data(), n * d);
  return at::tensor(x).reshape({n, d}).to(type);
}

inline Tensor integers(int64_t n, int64_t low, int64_t high, uint64_t seed) {
  std::vector<int64_t> x;
  Rng rng(seed);
  for (int64_t i = 0; i < n; ++i) x.push_back(low + static_cast<int64_t>(rng.below(high - low)));
  return at::tensor(x, at::kLong);
}

inline Tensor leaf(const Tensor& x) { return x.detach().clone().set_requires_grad(true); }

inline double apart(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

using Inputs = std::vector<Tensor>;
using Loss = std::function<Tensor(const Inputs&)>;

struct Result {
  double loss;
  Inputs gradients;
};

inline Result result_of(const Loss& loss, const Inputs& at) {
  Inputs inputs;
  for (const Tensor& x : at) inputs.push_back(leaf(x));
  const Tensor value = loss(inputs);
  EXPECT_EQ(value.dim(), 0);
  EXPECT_EQ(value.scalar_type(), at[0].scalar_type());
  (value * 1.0).backward();
  Result out{value.item<double>(), {}};
  for (const Tensor& x : inputs) {
    out.gradients.push_back(x.grad().defined() ? x.grad() : at::zeros_like(x));
  }
  return out;
}

// `tolerance` relative to 1 + |loss| and to 1 + the largest entry of a gradient.
inline void expect_close(const Result& got, const Result& expected, double tolerance) {
  EXPECT_NEAR(got.loss, expected.loss, tolerance * (1 + std::abs(expected.loss)));
  ASSERT_EQ(got.gradients.size(), expected.gradients.size());
  for (size_t i = 0; i < got.gradients.size(); ++i) {
    const double size = 1 + expected.gradients[i].abs().max().item<double>();
    EXPECT_LE(apart(got.gradients[i], expected.gradients[i]), tolerance * size) << "input " << i;
  }
}

inline Inputs as(const Inputs& x, at::ScalarType type) {
  Inputs out;
  for (const Tensor& t : x) out.push_back(t.to(type));
  return out;
}

inline Tensor unit(const Tensor& x) { return x / at::norm(x, 2, {1}, true); }

}  // namespace likewise::contrastive_test
