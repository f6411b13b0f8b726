// The fused batch normalisation, residual and rectifier against the plain operations in double.
#include "nn/norm_relu.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "likewise/base/random.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise {
namespace {

Tensor normal(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng(seed).fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

struct Result {
  Tensor y, x, residual, weight, bias, mean, var;
};

// The inputs are those of `type`, so that both sides see the same values.
Result run(bool fused, at::ScalarType type, std::vector<int64_t> shape, bool joined,
           double offset) {
  const int64_t c = shape[1];
  const at::ScalarType compute = fused ? type : at::kDouble;
  const auto input = [&](uint64_t seed, double shift) {
    return channels_last((normal(shape, seed) * 2 + shift).to(type).to(compute))
        .detach()
        .set_requires_grad(true);
  };
  Result r;
  r.x = input(1, offset);
  r.residual = joined ? input(2, 0) : Tensor();
  const at::ScalarType parameters = fused ? at::kFloat : at::kDouble;
  r.weight = (normal({c}, 3) + 0.5).to(parameters).detach().set_requires_grad(true);
  r.bias = normal({c}, 4).to(parameters).detach().set_requires_grad(true);
  r.mean = at::zeros({c}, parameters);
  r.var = at::ones({c}, parameters);
  if (fused) {
    const detail::NormRelu norm = {r.weight, r.bias, r.mean, r.var, 0.1, 1e-5};
    EXPECT_TRUE(detail::can_fuse_norm_relu(norm, r.x, r.residual));
    r.y = detail::norm_relu(norm, r.x, r.residual);
  } else {
    r.y = at::batch_norm(r.x, r.weight, r.bias, r.mean, r.var, true, 0.1, 1e-5, false);
    if (joined) r.y = r.y + r.residual;
    r.y = r.y.relu();
  }
  r.y.backward(channels_last(normal(shape, 5).to(type).to(compute)));
  return r;
}

double difference(const Tensor& a, const Tensor& b) {
  const Tensor d = (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs();
  return (d.max() / b.detach().to(at::kDouble).abs().max().clamp_min(1)).item<double>();
}

TEST(NormRelu, EqualsThePlainOperationsInDouble) {
  for (int64_t channels : {1, 3, 16, 17, 32, 64, 81, 128}) {
    for (bool joined : {false, true}) {
      for (double offset : {0.0, 30.0}) {
        const std::vector<int64_t> shape = {5, channels, 9,
                                            13};  // 585 rows: two whole pieces and a rest
        const Result a = run(true, at::kFloat, shape, joined, offset);
        const Result b = run(false, at::kFloat, shape, joined, offset);
        SCOPED_TRACE(std::to_string(channels) + (joined ? " joined" : "") +
                     (offset > 0 ? " far" : ""));
        EXPECT_LT(difference(a.y, b.y), 3e-6);
        EXPECT_LT(difference(a.x.grad(), b.x.grad()), 1e-5);
        EXPECT_LT(difference(a.weight.grad(), b.weight.grad()), 1e-5);
        EXPECT_LT(difference(a.bias.grad(), b.bias.grad()), 1e-5);
        if (joined) {
          EXPECT_LT(difference(a.residual.grad(), b.residual.grad()), 1e-6);
        }
        EXPECT_LT(difference(a.mean, b.mean), 1e-6);
        EXPECT_LT(difference(a.var, b.var), 1e-5);
      }
    }
  }
}

TEST(NormRelu, InBf16IsItsRoundingAwayFromDouble) {
  for (int64_t channels : {5, 32, 48}) {  // sizes for which no value lies within rounding of 0
    for (bool joined : {false, true}) {
      SCOPED_TRACE(std::to_string(channels) + (joined ? " joined" : ""));
      const std::vector<int64_t> shape = {4, channels, 8, 8};
      const Result a = run(true, at::kBFloat16, shape, joined, 0.5);
      const Result b = run(false, at::kBFloat16, shape, joined, 0.5);
      EXPECT_LT(difference(a.y, b.y), 0.004);

      EXPECT_LT(difference(a.x.grad(), b.x.grad()), 0.004);
      EXPECT_LT(difference(a.weight.grad(), b.weight.grad()), 1e-5);
      EXPECT_LT(difference(a.bias.grad(), b.bias.grad()), 1e-5);
    }
  }
}

TEST(NormRelu, IsTheSameForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  std::vector<Result> results;
  for (int threads : {1, 2, 4}) {
    at::set_num_threads(threads);
    results.push_back(run(true, at::kFloat, {16, 24, 12, 12}, true, 1));
  }
  at::set_num_threads(before);
  for (const Result& r : results) {
    EXPECT_TRUE(r.y.equal(results[0].y));
    EXPECT_TRUE(r.x.grad().equal(results[0].x.grad()));
    EXPECT_TRUE(r.weight.grad().equal(results[0].weight.grad()));
    EXPECT_TRUE(r.var.equal(results[0].var));
  }
}

TEST(NormRelu, NotANumberStaysOne) {
  for (at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    const Tensor weight = at::ones({32}), zero = at::zeros({32});
    Tensor x = channels_last(normal({2, 32, 4, 4}, 1).to(type));
    x[1][7][2][2] = std::numeric_limits<double>::quiet_NaN();
    const Tensor y =
        detail::norm_relu({weight, zero, zero.clone(), weight.clone(), 0.1, 1e-5}, x, {});
    for (int64_t c = 0; c < 32; ++c) {
      EXPECT_EQ(y.select(1, c).isnan().any().item<bool>(), c == 7) << c;
    }
  }
}

TEST(NormRelu, PlainWhereItDoesNotApply) {
  const auto bn = std::make_shared<BatchNorm>(8);
  const Tensor x = normal({4, 8, 5, 5}, 1);  // not channels-last
  EXPECT_FALSE(detail::can_fuse_norm_relu(
      {bn->weight, bn->bias, bn->running_mean, bn->running_var, 0.1, 1e-5}, x, {}));
  const Tensor plain = bn->forward_relu(x, x);
  bn->running_mean.zero_();
  bn->running_var.fill_(1);
  const Tensor fused = bn->forward_relu(channels_last(x), channels_last(x));
  EXPECT_LT(difference(plain, fused), 1e-5);
  bn->eval();
  EXPECT_TRUE(bn->forward_relu(channels_last(x)).equal(bn->forward(channels_last(x)).relu()));
}

}  // namespace
}  // namespace likewise
