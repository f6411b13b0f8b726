// What a viewmaker is made of, against libtorch in double.
#include "nn/mirror_conv.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

#include "kernels/simd.hpp"
#include "likewise/base/random.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/nn/viewmaker.hpp"
#include "nn/instance_norm.hpp"

namespace likewise::mirror_conv_test {
namespace {

using detail::InstanceNormWeights;
using detail::MirrorGeometry;
using detail::whole_blocks;

Tensor normal(std::vector<int64_t> shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng(seed).fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

// x with zeros to whole blocks of channels, channels-last.
Tensor in_blocks(const Tensor& x) {
  const int64_t more = whole_blocks(x.size(1)) - x.size(1);
  if (more == 0) return channels_last(x);
  return channels_last(at::cat({x, at::zeros({x.size(0), more, x.size(2), x.size(3)})}, 1));
}

double difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  const Tensor d = (a.to(at::kDouble) - b.to(at::kDouble)).abs();
  return (d.max() / b.to(at::kDouble).abs().max()).item<double>();
}

struct Shape {
  int64_t batch, in, out, height, width, kernel;
  MirrorGeometry geometry;
  bool whole;
};

struct Result {
  Tensor y, dx, dw;
};

Result run(const Shape& s, bool ours, bool planar = false) {
  const auto type = ours ? at::kFloat : at::kDouble;
  Tensor x = normal({s.batch, s.in, s.height, s.width}, 1);
  if (s.in > 4 || s.kernel != 9) x = in_blocks(x);
  x = (planar ? x.contiguous() : channels_last(x)).to(type).detach();
  Tensor weight = normal({s.out, s.in, s.kernel, s.kernel}, 2).to(type);
  if (!planar) weight = channels_last(weight).detach();
  x.set_requires_grad(true);
  weight.set_requires_grad(true);
  const Tensor y = !ours      ? detail::plain_mirror_conv(x, weight, s.geometry, s.whole)
                   : !s.whole ? detail::mirror_conv_few(x, weight, at::zeros({s.out}))
                              : detail::mirror_conv(x, weight, s.geometry);
  y.backward(normal(y.sizes().vec(), 3).to(type));
  return {y.detach(), x.grad(), weight.grad()};
}

const std::vector<Shape> kShapes = {
    {3, 4, 8, 12, 13, 9, {}, true},         {3, 4, 32, 5, 5, 9, {}, true},
    {2, 2, 20, 9, 6, 9, {}, true},          {2, 8, 16, 7, 17, 3, {2}, true},
    {2, 33, 35, 8, 8, 3, {}, true},         {2, 34, 34, 2, 3, 3, {}, true},
    {2, 35, 16, 4, 5, 3, {1, 8, 10}, true}, {2, 16, 8, 4, 5, 3, {1, 7, 9}, true},
    {3, 32, 3, 12, 35, 9, {}, false},       {3, 8, 1, 5, 6, 9, {}, false},
    {2, 20, 7, 6, 9, 9, {}, false}};

TEST(MirrorConv, EqualsLibtorchInDouble) {
  for (const Shape& s : kShapes) {
    for (bool planar : {false, true}) {
      SCOPED_TRACE(testing::Message() << s.in << " to " << s.out << ", " << s.height << " x "
                                      << s.width << (planar ? " planar" : ""));
      const Result a = run(s, true, planar), b = run(s, false, planar);
      EXPECT_LT(difference(a.y, b.y), 1e-5);
      EXPECT_LT(difference(a.dx, b.dx), 1e-5);
      EXPECT_LT(difference(a.dw, b.dw), 1e-5);
    }
  }
}

TEST(MirrorConv, IsTheSameForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  for (const Shape& s : kShapes) {
    std::vector<Result> results;
    for (int threads : {1, 2, 4}) {
      at::set_num_threads(threads);
      results.push_back(run(s, true));
    }
    for (const Result& r : results) {
      EXPECT_TRUE(r.y.equal(results[0].y));
      EXPECT_TRUE(r.dx.equal(results[0].dx));
      EXPECT_TRUE(r.dw.equal(results[0].dw));
    }
  }
  at::set_num_threads(before);
}

// The function is linear in x and in the weights: differences of any step are the gradient.
TEST(MirrorConv, GradientsAreDifferences) {
  const Tensor x = channels_last(normal({2, 4, 6, 7}, 1)).set_requires_grad(true);
  const Tensor wide = normal({5, 4, 9, 9}, 2).set_requires_grad(true);
  const Tensor u = normal({2, 16, 6, 7}, 4);
  const auto value = [&](const Tensor& in, const Tensor& weight) {
    return (detail::mirror_conv(in, weight, {}) * u).sum();
  };
  value(x, wide).backward();
  for (int64_t k : {0, 17, 100, 200}) {
    const Tensor step = at::zeros_like(x);
    step.data_ptr<float>()[k] = 0.5F;
    const double slope =
        (value(x.detach() + step, wide) - value(x.detach() - step, wide)).item<double>();
    EXPECT_NEAR(x.grad().data_ptr<float>()[k], slope, 2e-3);
    const Tensor other = at::zeros_like(wide);
    other.data_ptr<float>()[k] = 0.5F;
    const double by_weight =
        (value(x, wide.detach() + other) - value(x, wide.detach() - other)).item<double>();
    EXPECT_NEAR(wide.grad().data_ptr<float>()[k], by_weight, 2e-3);
  }
}

struct Norm {
  Tensor y, dx, dweight, dbias, dremoved, dresidual;
};

Norm run_norm(const Tensor& x0, int64_t channels, bool rectify, bool joined, bool ours) {
  const auto type = ours ? at::kFloat : at::kDouble;
  const auto leaf = [&](const Tensor& t) { return t.to(type).detach().set_requires_grad(true); };
  const Tensor x = leaf(x0), weight = leaf(normal({channels}, 2)),
               bias = leaf(normal({channels}, 3)), removed = leaf(normal({channels}, 4)),
               residual = leaf(channels_last(normal(x0.sizes().vec(), 5)));
  const InstanceNormWeights norm{weight, bias, removed};
  const Tensor added = joined ? residual : Tensor();
  const Tensor y = ours ? detail::fused_instance_norm(x, norm, rectify, added)
                        : detail::plain_instance_norm(x, norm, rectify, added);
  y.backward(normal(y.sizes().vec(), 6).to(type));
  return {y.detach(), x.grad(), weight.grad(), bias.grad(), removed.grad(), residual.grad()};
}

TEST(FusedInstanceNorm, EqualsLibtorchInDouble) {
  for (auto [channels, height, width] :
       {std::tuple<int64_t, int64_t, int64_t>{16, 3, 5}, {35, 4, 4}, {8, 33, 17}, {70, 2, 1}}) {
    for (double mean : {0.0, 30.0}) {
      const Tensor x = in_blocks(normal({3, channels, height, width}, 1) + mean);
      for (int kind = 0; kind < 3; ++kind) {
        const bool rectify = kind == 0, joined = kind == 2;
        SCOPED_TRACE(testing::Message() << channels << " channels, kind " << kind);
        const Norm a = run_norm(x, channels, rectify, joined, true),
                   b = run_norm(x, channels, rectify, joined, false);
        const double bound = mean > 0 ? 1e-3 : 1e-5;
        EXPECT_LT(difference(a.y, b.y), bound);
        EXPECT_LT(difference(a.dx.narrow(1, 0, channels), b.dx.narrow(1, 0, channels)), bound);
        EXPECT_LT(difference(a.dweight, b.dweight), bound);
        EXPECT_LT(difference(a.dbias, b.dbias), bound);
        EXPECT_EQ(a.dremoved.abs().max().item<float>(), 0);
        EXPECT_LT(b.dremoved.abs().max().item<double>(), 1e-9);
        if (joined) {
          EXPECT_LT(difference(a.dresidual, b.dresidual), bound);
        }
      }
    }
  }
}

TEST(FusedInstanceNorm, IsTheSameForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  const Tensor x = in_blocks(normal({7, 35, 9, 5}, 1));
  std::vector<Norm> results;
  for (int threads : {1, 2, 4}) {
    at::set_num_threads(threads);
    results.push_back(run_norm(x, 35, true, false, true));
  }
  for (const Norm& r : results) {
    EXPECT_TRUE(r.y.equal(results[0].y));
    EXPECT_TRUE(r.dx.equal(results[0].dx));
    EXPECT_TRUE(r.dweight.equal(results[0].dweight));
  }
  at::set_num_threads(before);
}

TEST(FusedInstanceNorm, WhatIsNotFiniteStaysInItsImageAndChannel) {
  const InstanceNormWeights norm{at::ones({16}), at::zeros({16}), at::zeros({16})};
  for (float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Tensor x = channels_last(normal({3, 16, 4, 4}, 1));
    x[1][5][2][2] = bad;
    const Tensor y = detail::fused_instance_norm(x, norm, true);
    EXPECT_FALSE(at::isfinite(y[1][5]).any().item<bool>());
    EXPECT_TRUE(at::isfinite(y[0]).all().item<bool>());
    EXPECT_TRUE(at::isfinite(y[1][4]).all().item<bool>());
    Tensor removed = at::zeros({16});
    removed[3] = bad;
    const Tensor z = detail::fused_instance_norm(channels_last(normal({3, 16, 4, 4}, 1)),
                                                 {norm.weight, norm.bias, removed}, true);
    EXPECT_FALSE(at::isfinite(z[0][3]).any().item<bool>());
  }
}

// d/dw of |d(sum y^2)/dx|^2.
TEST(MirrorConv, SecondDerivativesAreLibtorchs) {
  const auto second = [](bool ours) {
    const auto type = ours ? at::kFloat : at::kDouble;
    const auto leaf = [&](const Tensor& t) { return t.to(type).detach().set_requires_grad(true); };
    const Tensor x = leaf(channels_last(normal({2, 4, 7, 6}, 1))),
                 w = leaf(normal({16, 4, 9, 9}, 2)), one = leaf(normal({16}, 3)),
                 two = leaf(normal({16}, 4)), three = leaf(normal({16}, 5));
    const InstanceNormWeights norm{one, two, three};
    const Tensor y =
        ours ? detail::fused_instance_norm(detail::mirror_conv(x, w, {}), norm, true)
             : detail::plain_instance_norm(detail::plain_mirror_conv(x, w, {}, true), norm, true);
    const auto dx = torch::autograd::grad({y.square().sum()}, {x}, {}, true, true);
    return torch::autograd::grad({dx[0].square().sum()}, {w})[0];
  };
  EXPECT_LT(difference(second(true), second(false)), 1e-3);
}

TEST(MirrorConv, AChannelMoreAndItsGradient) {
  Tensor x = in_blocks(normal({2, 16, 3, 4}, 1)).detach().set_requires_grad(true);
  Tensor more = normal({2, 1, 3, 4}, 2).set_requires_grad(true);
  const Tensor y = detail::with_channel(x, 16, more);
  EXPECT_EQ(y.size(1), 32);
  EXPECT_TRUE(y.narrow(1, 0, 16).equal(x));
  EXPECT_TRUE(y.narrow(1, 16, 1).equal(more));
  EXPECT_EQ(y.narrow(1, 17, 15).abs().max().item<float>(), 0);
  const Tensor dy = normal(y.sizes().vec(), 3);
  y.backward(dy);
  EXPECT_TRUE(x.grad().equal(dy.narrow(1, 0, 16)));
  EXPECT_TRUE(more.grad().equal(dy.narrow(1, 16, 1)));
  const Tensor z = detail::with_channel(y.detach(), 17, more.detach());
  EXPECT_TRUE(z.narrow(1, 0, 17).equal(y.narrow(1, 0, 17)));
  EXPECT_TRUE(z.narrow(1, 17, 1).equal(more));
}

// The whole network: floats pass our kernels, doubles libtorch's.
TEST(MirrorConv, TheViewmakerIsTheSameByEitherPath) {
  if (kernels::best_simd() == kernels::Simd::kPortable) GTEST_SKIP() << "needs AVX2";
  for (auto [width, height, columns] :
       {std::tuple<int64_t, int64_t, int64_t>{8, 12, 12}, {4, 5, 7}, {20, 9, 10}}) {
    std::vector<std::vector<Tensor>> found;
    for (auto type : {at::kFloat, at::kDouble}) {
      const auto network = make_viewmaker(ViewmakerKind::image, 3, {.width = width, .blocks = 2});
      initialize(*network, Rng(1));
      to_channels_last(*network);
      network->to(type);
      const Tensor x = normal({4, 3, height, columns}, 2).to(type);
      const Tensor y = network->forward(x, {Rng(3)});
      y.backward(normal(y.sizes().vec(), 4).to(type));
      std::vector<Tensor> all{y.detach()};
      for (const auto& item : network->named_parameters()) all.push_back(item.value().grad());
      found.push_back(all);
    }
    double largest = 0;  // of the gradients
    for (size_t k = 1; k < found[1].size(); ++k) {
      largest = std::max(largest, found[1][k].abs().max().item<double>());
    }
    EXPECT_LT(difference(found[0][0], found[1][0]), 1e-4);
    for (size_t k = 1; k < found[0].size(); ++k) {
      ASSERT_TRUE(found[0][k].defined()) << k;
      const double d = (found[0][k].to(at::kDouble) - found[1][k]).abs().max().item<double>();
      EXPECT_LT(d, 1e-4 * largest) << "gradient " << k << ", width " << width;
    }
  }
}

TEST(MirrorConv, OnlyForFloatsOfFewChannelsOnTheProcessor) {
  if (kernels::best_simd() == kernels::Simd::kPortable) GTEST_SKIP() << "needs AVX2";
  const Tensor x = normal({2, 4, 8, 8}, 1);
  EXPECT_TRUE(detail::has_own_mirror_conv(x));
  EXPECT_FALSE(detail::has_own_mirror_conv(x.to(at::kDouble)));
  EXPECT_FALSE(detail::has_own_mirror_conv(normal({2, 9, 8, 8}, 1)));
  EXPECT_FALSE(detail::has_own_mirror_conv(normal({2, 4, 8}, 1)));
  const PrecisionGuard guard(Precision::kBf16);
  EXPECT_FALSE(detail::has_own_mirror_conv(x));
}

}  // namespace
}  // namespace likewise::mirror_conv_test
