#include "nn/linear.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "likewise/base/random.hpp"
#include "nn/product.hpp"

namespace likewise::linear_test {
namespace {

Tensor normal(std::vector<int64_t> shape, uint64_t seed) {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  std::vector<float> x(n);
  Rng(seed).fill_normal(x.data(), n);
  return at::tensor(x).reshape(shape);
}

double apart(const Tensor& a, const Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

Tensor leaf(const Tensor& x) { return x.detach().clone().set_requires_grad(true); }

// y and the gradients of sum(y y weights) by x, weight and bias, in double from libtorch.
TEST(Linear, AgreesWithLibtorchInDouble) {
  for (const auto& shape : std::vector<std::vector<int64_t>>{
           {1, 1}, {3, 7}, {64, 100}, {5, 65, 24}, {2, 3, 4, 17}, {130, 600}}) {
    for (const int64_t out : {1, 10, 33, 130}) {
      for (const bool with_bias : {true, false}) {
        const int64_t in = shape.back();
        const Tensor x = normal(shape, 1), w = normal({out, in}, 2), b = normal({out}, 3);
        std::vector<Tensor> ours = {leaf(x), leaf(w)},
                            theirs = {leaf(x.to(at::kDouble)), leaf(w.to(at::kDouble))};
        if (with_bias) ours.push_back(leaf(b)), theirs.push_back(leaf(b.to(at::kDouble)));
        const Tensor y = detail::linear(ours[0], ours[1], with_bias ? ours[2] : Tensor());
        const Tensor z = at::linear(theirs[0], theirs[1], with_bias ? theirs[2] : Tensor());
        ASSERT_EQ(y.sizes(), z.sizes());
        const double size = 1e-6 * static_cast<double>(in);
        EXPECT_LE(apart(y, z), size * 3);
        const Tensor weights = normal(y.sizes().vec(), 4);
        (y * weights).sum().backward();
        (z * weights).sum().backward();
        for (size_t i = 0; i < ours.size(); ++i) {
          const double largest = theirs[i].grad().abs().max().item<double>();
          EXPECT_LE(apart(ours[i].grad(), theirs[i].grad()), 1e-5 * (1 + largest)) << "input " << i;
          EXPECT_EQ(ours[i].grad().sizes(), theirs[i].grad().sizes());
        }
        const at::NoGradGuard no_grad;
        EXPECT_TRUE(detail::linear(ours[0], ours[1], with_bias ? ours[2] : Tensor()).equal(y));
      }
    }
  }
}

TEST(Linear, TakesStridedInputsAndGradients) {
  const Tensor x = normal({6, 9}, 1), w = normal({5, 9}, 2), b = normal({5}, 3);
  const Tensor across = leaf(x.t().contiguous()), wide = leaf(w.t().contiguous());
  const Tensor y = detail::linear(across.t(), wide.t(), b);
  EXPECT_LE(apart(y, at::linear(x, w, b)), 1e-5);
  y.t().contiguous().sum().backward();  // the gradient of y is an expanded number
  EXPECT_LE(apart(across.grad(), w.sum(0).unsqueeze(1).expand({9, 6})), 1e-5);
}

TEST(Linear, MakesGradientsOnlyForThoseWhoAsk) {
  const Tensor x = normal({6, 9}, 1), w = leaf(normal({5, 9}, 2)), b = normal({5}, 3);
  detail::linear(x, w, b).sum().backward();
  EXPECT_TRUE(w.grad().defined());
  EXPECT_FALSE(x.grad().defined());
  EXPECT_FALSE(b.grad().defined());
}

TEST(Linear, CanBeDifferentiatedTwice) {
  const auto second = [](const auto& f, at::ScalarType type) {
    std::vector<Tensor> in = {leaf(normal({4, 6}, 1).to(type)), leaf(normal({3, 6}, 2).to(type)),
                              leaf(normal({3}, 3).to(type))};
    const Tensor y = f(in[0], in[1], in[2]);
    const auto g = torch::autograd::grad({y.pow(3).sum()}, in, {}, true, true);
    return torch::autograd::grad({g[0].square().sum() + g[1].square().sum() + g[2].square().sum()},
                                 in);
  };
  const auto ours = second(detail::linear, at::kFloat);
  const auto theirs =
      second([](const Tensor& x, const Tensor& w, const Tensor& b) { return at::linear(x, w, b); },
             at::kDouble);
  for (size_t i = 0; i < ours.size(); ++i) {
    EXPECT_LE(apart(ours[i], theirs[i]), 1e-5 * theirs[i].abs().max().item<double>());
  }
}

TEST(Linear, IsTheSameToTheBitForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  std::vector<Tensor> first;
  for (const int threads : {1, 2, 4}) {
    at::set_num_threads(threads);
    const Tensor x = leaf(normal({70, 300}, 1)), w = leaf(normal({90, 300}, 2));
    const Tensor y = detail::linear(x, w, {});
    y.square().sum().backward();
    if (first.empty()) first = {y, x.grad(), w.grad()};
    EXPECT_TRUE(y.equal(first[0]));
    EXPECT_TRUE(x.grad().equal(first[1]));
    EXPECT_TRUE(w.grad().equal(first[2]));
  }
  at::set_num_threads(before);
}

TEST(BatchedProduct, AgreesWithLibtorchInDoubleForAnyStrides) {
  for (const auto& [m, k, n] :
       {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {65, 24, 65}, {17, 65, 33}}) {
    const Tensor a = normal({3, m, 2, k}, 1), b = normal({3, n, 2, k}, 2);  // heads in between
    const auto run = [](const auto& f, const Tensor& x, const Tensor& y, at::ScalarType type) {
      std::vector<Tensor> in = {leaf(x.to(type)), leaf(y.to(type))};
      const Tensor out = f(in[0].permute({0, 2, 1, 3}), in[1].permute({0, 2, 3, 1}));
      const auto g = torch::autograd::grad({out.pow(2).sum()}, in, {}, true, true);
      const auto second = torch::autograd::grad({g[0].square().sum() + g[1].sum()}, in);
      const auto first = torch::autograd::grad(
          {f(in[0].permute({0, 2, 1, 3}), in[1].permute({0, 2, 3, 1})).pow(2).sum()}, in);
      return std::vector<Tensor>{out, first[0], first[1], g[0], second[0], second[1]};
    };
    const auto ours = run(detail::batched_product, a, b, at::kFloat);
    const auto theirs =
        run([](const Tensor& x, const Tensor& y) { return at::matmul(x, y); }, a, b, at::kDouble);
    for (size_t i = 0; i < ours.size(); ++i) {
      ASSERT_EQ(ours[i].sizes(), theirs[i].sizes());
      EXPECT_LE(apart(ours[i], theirs[i]), 1e-5 * (1 + theirs[i].abs().max().item<double>())) << i;
    }
  }
}

TEST(Linear, LeavesOtherTypesAndWrongShapesToLibtorch) {
  const Tensor x = normal({6, 9}, 1), w = normal({5, 9}, 2);
  EXPECT_EQ(detail::linear(x.to(at::kBFloat16), w.to(at::kBFloat16), {}).scalar_type(),
            at::kBFloat16);
  EXPECT_LE(apart(detail::linear(x[0], w, {}), at::linear(x[0], w)), 1e-5);
  EXPECT_EQ(detail::linear(at::zeros({0, 9}), w, {}).size(0), 0);
  EXPECT_THROW(detail::linear(normal({6, 8}, 1), w, {}), std::exception);
}

}  // namespace
}  // namespace likewise::linear_test
