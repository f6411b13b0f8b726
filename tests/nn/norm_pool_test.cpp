// The fused batch normalisation, rectifier and pool against the plain operations in double.
#include "nn/norm_pool.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/norm/norm_pool.hpp"
#include "likewise/base/random.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise::norm_pool_test {
namespace {

Tensor normal(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng(seed).fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

struct Result {
  Tensor y, x, weight, bias, mean, var;
};

// Values in steps of 1/4 when `ties` are wanted: cells with two largest values.
Result run(bool fused, std::vector<int64_t> shape, bool ties) {
  const int64_t c = shape[1];
  const at::ScalarType type = fused ? at::kFloat : at::kDouble;
  Result r;
  Tensor x = normal(shape, 1) * 2 + 1;
  if (ties) x = (x * 4).round() / 4;
  r.x = channels_last(x.to(type)).detach().set_requires_grad(true);
  r.weight = normal({c}, 3).to(type).detach().set_requires_grad(true);  // some are negative
  r.bias = normal({c}, 4).to(type).detach().set_requires_grad(true);
  r.mean = at::zeros({c}, type);
  r.var = at::ones({c}, type);
  if (fused) {
    const detail::NormRelu norm = {r.weight, r.bias, r.mean, r.var, 0.1, 1e-5};
    EXPECT_TRUE(detail::can_fuse_norm_relu_pool(norm, r.x));
    r.y = detail::norm_relu_pool(norm, r.x);
  } else {
    r.y = at::batch_norm(r.x, r.weight, r.bias, r.mean, r.var, true, 0.1, 1e-5, false);
    r.y = at::max_pool2d(r.y, {2, 2}).relu();
  }
  r.y.backward(normal(r.y.sizes().vec(), 5).to(type));
  return r;
}

double difference(const Tensor& a, const Tensor& b) {
  const Tensor d = (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs();
  return (d.max() / b.detach().to(at::kDouble).abs().max().clamp_min(1)).item<double>();
}

TEST(NormPool, EqualsThePlainOperationsInDouble) {
  for (int64_t channels : {16, 48, 64}) {
    for (auto [height, width] :
         {std::pair<int64_t, int64_t>{28, 28}, {7, 7}, {2, 2}, {3, 600}, {6, 5}}) {
      for (bool ties : {false, true}) {
        SCOPED_TRACE(testing::Message() << channels << " channels, " << height << " x " << width);
        const std::vector<int64_t> shape = {5, channels, height, width};
        const Result a = run(true, shape, ties), b = run(false, shape, ties);
        EXPECT_TRUE(a.y.sizes() == b.y.sizes());
        EXPECT_LT(difference(a.y, b.y), 3e-6);
        EXPECT_LT(difference(a.x.grad(), b.x.grad()), 1e-5);
        EXPECT_LT(difference(a.weight.grad(), b.weight.grad()), 1e-5);
        EXPECT_LT(difference(a.bias.grad(), b.bias.grad()), 1e-5);
        EXPECT_LT(difference(a.mean, b.mean), 1e-6);
        EXPECT_LT(difference(a.var, b.var), 1e-5);
      }
    }
  }
}

TEST(NormPool, EveryInstructionSetGivesTheSame) {
  const int64_t width = 7, channels = 32, cells = width / 2;
  const Tensor x = normal({2, width, channels}, 1), dy = normal({cells, channels}, 2);
  const Tensor scale = normal({channels}, 3), shift = normal({channels}, 4);
  const kernels::PoolRow row{width, channels, scale.data_ptr<float>(), shift.data_ptr<float>()};
  const auto all = [&](kernels::Simd simd) {
    const auto& ops = kernels::norm_pool_ops(simd);
    Tensor y = at::zeros({cells, channels}), dx = at::zeros({2, width, channels});
    Tensor sum = at::zeros({channels}), product = at::zeros({channels});
    ops.forward(row, x.data_ptr<float>(), y.data_ptr<float>());
    ops.sums(row, dy.data_ptr<float>(), x.data_ptr<float>(), shift.data_ptr<float>(),
             sum.data_ptr<float>(), product.data_ptr<float>());
    ops.backward(row, dy.data_ptr<float>(), x.data_ptr<float>(), scale.data_ptr<float>(),
                 shift.data_ptr<float>(), scale.data_ptr<float>(), dx.data_ptr<float>());
    return std::vector<Tensor>{y, dx, sum, product};
  };
  const auto portable = all(kernels::Simd::kPortable);
  EXPECT_GT(portable[0].max().item<float>(), 0.5);
  for (kernels::Simd simd : {kernels::Simd::kAvx2, kernels::Simd::kAvx512}) {
    if (!kernels::can_run(simd)) continue;
    const auto other = all(simd);
    for (size_t i = 0; i < other.size(); ++i) EXPECT_LT(difference(other[i], portable[i]), 1e-6);
  }
}

TEST(NormPool, IsTheSameForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  std::vector<Result> results;
  for (int threads : {1, 2, 4}) {
    at::set_num_threads(threads);
    results.push_back(run(true, {16, 32, 13, 12}, false));
  }
  at::set_num_threads(before);
  for (const Result& r : results) {
    EXPECT_TRUE(r.y.equal(results[0].y));
    EXPECT_TRUE(r.x.grad().equal(results[0].x.grad()));
    EXPECT_TRUE(r.weight.grad().equal(results[0].weight.grad()));
    EXPECT_TRUE(r.var.equal(results[0].var));
  }
}

TEST(NormPool, NotANumberStaysOne) {
  const Tensor weight = at::ones({32}), zero = at::zeros({32});
  for (int64_t pixel : {0, 1, 2, 3}) {
    Tensor x = channels_last(normal({2, 32, 4, 4}, 1));
    x[1][7][2 + pixel / 2][2 + pixel % 2] = std::nan("");
    const Tensor y =
        detail::norm_relu_pool({weight, zero, zero.clone(), weight.clone(), 0.1, 1e-5}, x);
    for (int64_t c = 0; c < 32; ++c) {
      EXPECT_EQ(y.select(1, c).isnan().any().item<bool>(), c == 7) << c;
    }
  }
}

TEST(NormPool, PlainWhereItDoesNotApply) {
  const auto bn = std::make_shared<BatchNorm>(16);
  const Tensor x = normal({4, 16, 5, 5}, 1);  // not channels-last
  EXPECT_FALSE(detail::can_fuse_norm_relu_pool(
      {bn->weight, bn->bias, bn->running_mean, bn->running_var, 0.1, 1e-5}, x));
  const Tensor plain = bn->forward_relu_pool(x);
  EXPECT_LT(difference(plain, bn->forward_relu_pool(channels_last(x))), 1e-5);
  bn->eval();
  EXPECT_TRUE(bn->forward_relu_pool(channels_last(x))
                  .equal(at::max_pool2d(bn->forward(channels_last(x)), {2, 2}).relu()));
}

}  // namespace
}  // namespace likewise::norm_pool_test
