#pragma once
// What tests of losses share: golden tensors, gradients, central differences.

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"
#include "support/golden.hpp"

namespace likewise::loss_tests {

inline Tensor golden(const Golden& file, const std::string& name, const std::string& tensor) {
  if (file.dtype(file.key(name, tensor)) == "I64") {
    return at::tensor(file.integers(name, tensor), at::kLong).reshape(file.shape(name, tensor));
  }
  return at::tensor(file.values(name, tensor), at::kDouble).reshape(file.shape(name, tensor));
}

inline Tensor normal(std::vector<int64_t> shape, uint64_t seed, at::ScalarType type = at::kDouble) {
  int64_t count = 1;
  for (const int64_t s : shape) count *= s;
  std::vector<float> x(static_cast<size_t>(count));
  Rng(seed).fill_normal(x.data(), count);
  return at::tensor(x).reshape(shape).to(type);
}

inline Tensor as_leaf(const Tensor& x) { return x.detach().clone().set_requires_grad(true); }

inline double difference(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

using Loss = std::function<Tensor(const std::vector<Tensor>&)>;

struct ValueAndGradients {
  double value;
  std::vector<Tensor> gradients;
};

inline ValueAndGradients evaluate(const Loss& loss, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> leaves, gradients;
  for (const Tensor& x : inputs) leaves.push_back(as_leaf(x));
  const Tensor value = loss(leaves);
  value.sum().backward();
  for (const Tensor& x : leaves) gradients.push_back(x.grad());
  return {value.sum().item<double>(), gradients};
}

// The loss of a golden case and its gradients, in double precision to 1e-8 and in single to 2e-4.
inline void expect_golden(const Golden& file, const std::string& name,
                          const std::vector<std::string>& inputs, const Loss& loss) {
  SCOPED_TRACE(name);
  std::vector<Tensor> x;
  for (const auto& input : inputs) x.push_back(golden(file, name, input));
  const double expected = golden(file, name, "out").sum().item<double>();
  for (const auto type : {at::kDouble, at::kFloat}) {
    std::vector<Tensor> typed;
    for (const Tensor& one : x) typed.push_back(one.to(type));
    const auto got = evaluate(loss, typed);
    const double tolerance = type == at::kDouble ? 1e-8 : 2e-4;
    EXPECT_NEAR(got.value, expected, tolerance * (1 + std::abs(expected)));
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!file.has(name, "grad_" + inputs[i])) continue;
      const Tensor want = golden(file, name, "grad_" + inputs[i]);
      ASSERT_TRUE(got.gradients[i].defined()) << inputs[i];
      EXPECT_LT(difference(got.gradients[i], want),
                tolerance * (1 + want.abs().max().item<double>()))
          << inputs[i];
    }
  }
}

// Gradients against central differences along random directions, in double precision.
inline void expect_gradients(const Loss& loss, const std::vector<Tensor>& inputs, double step = 1e-5,
                             double tolerance = 1e-6) {
  const auto got = evaluate(loss, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor direction = normal(inputs[i].sizes().vec(), 77 + i);
    const auto at = [&](double t) {
      const at::NoGradGuard no_grad;
      auto moved = inputs;
      moved[i] = inputs[i] + t * direction;
      return loss(moved).sum().item<double>();
    };
    const double slope = (at(step) - at(-step)) / (2 * step);
    const Tensor& gradient = got.gradients[i];
    ASSERT_TRUE(gradient.defined());
    EXPECT_NEAR((gradient * direction).sum().item<double>(), slope, tolerance * (1 + std::abs(slope)));
  }
}

}  // namespace likewise::loss_tests
