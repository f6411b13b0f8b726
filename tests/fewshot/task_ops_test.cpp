// The layers of several tasks at once against their slow twins, to second derivatives.
#include "fewshot/task_ops.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "fewshot/fewshot_support.hpp"
#include "likewise/fewshot/task_net.hpp"
#include "likewise/nn/initialize.hpp"

namespace likewise::fewshot {
namespace {

using testing::difference;
using testing::normal;

struct Derivatives {
  Tensor y, dx, dw, ddx, ddw;
};

// Value, gradients of a weighted sum, and gradients of weighted sums of those.
Derivatives of(const std::function<Tensor(const Tensor&, const Tensor&)>& f, const Tensor& x0,
               const Tensor& w0) {
  const Tensor x = x0.clone().set_requires_grad(true), w = w0.clone().set_requires_grad(true);
  Derivatives out;
  out.y = f(x, w);
  const auto like = [&](const Tensor& t, uint64_t seed) {
    return normal(t.sizes().vec(), seed, t.scalar_type());
  };
  const auto first =
      torch::autograd::grad({(out.y * out.y * like(out.y, 1)).sum()}, {x, w}, {}, true, true);
  out.dx = first[0];
  out.dw = first[1];
  const auto second = torch::autograd::grad(
      {(out.dx * like(out.dx, 2)).sum() + (out.dw * like(out.dw, 3)).sum()}, {x, w});
  out.ddx = second[0];
  out.ddw = second[1];
  return out;
}

void expect_close(const Derivatives& a, const Derivatives& b, double tolerance) {
  const auto check = [&](const char* what, const Tensor& x, const Tensor& y) {
    EXPECT_LT(difference(x, y), tolerance * (1 + y.abs().max().item<double>())) << what;
  };
  check("y", a.y, b.y);
  check("dx", a.dx, b.dx);
  check("dw", a.dw, b.dw);
  check("ddx", a.ddx, b.ddx);
  check("ddw", a.ddw, b.ddw);
}

TEST(TaskConv, EqualsTheGroupedConvolutionToSecondDerivatives) {
  for (const auto& [in, out, side, stride] : std::vector<std::array<int64_t, 4>>{
           {16, 32, 7, 2}, {32, 16, 4, 2}, {16, 16, 6, 1}, {16, 16, 1, 2}, {5, 7, 6, 2}}) {
    const Tensor x = normal({3, 2, side, side, in}, 1, at::kFloat);
    const Tensor w = normal({3, out, in, 3, 3}, 2, at::kFloat) / 12;
    const auto at_once = [&, s = stride](const Tensor& a, const Tensor& b) {
      return task_conv(a, b, s, 1);
    };
    const auto slow = [&, s = stride](const Tensor& a, const Tensor& b) {
      return task_conv_slow(a, b, s, 1);
    };
    const Derivatives truth = of(slow, x.to(at::kDouble), w.to(at::kDouble));
    expect_close(of(at_once, x, w), truth, 1e-4);
    expect_close(of(at_once, x.to(at::kDouble), w.to(at::kDouble)), truth, 1e-12);
  }
}

TEST(TaskConv, OfImagesOfFewChannelsGoesByPatches) {
  for (const int64_t in : {1, 3}) {
    const Tensor x = normal({2, 3, 9, 9, in}, 1), w = normal({2, 4, in, 3, 3}, 2);
    const Tensor a = w.clone().set_requires_grad(true), b = w.clone().set_requires_grad(true);
    const Tensor fast = task_conv(x, a, 2, 1), slow = task_conv_slow(x, b, 2, 1);
    EXPECT_LT(difference(fast, slow), 1e-12);
    fast.pow(3).sum().backward();
    slow.pow(3).sum().backward();
    EXPECT_LT(difference(a.grad(), b.grad()), 1e-10);
  }
}

TEST(TaskConv, TheSlowTwinIsEachTasksConvolution) {
  const Tensor x = normal({2, 3, 5, 5, 4}, 1), w = normal({2, 6, 4, 3, 3}, 2);
  const Tensor y = task_conv_slow(x, w, 2, 1);
  for (int64_t t = 0; t < 2; ++t) {
    const Tensor one = at::conv2d(x[t].permute({0, 3, 1, 2}), w[t], {}, at::IntArrayRef({2, 2}),
                                  at::IntArrayRef({1, 1}));
    EXPECT_LT(difference(y[t].permute({0, 3, 1, 2}), one), 1e-12);
  }
}

TEST(TaskNormalised, IsBatchNormOfEachTaskToSecondDerivatives) {
  const Tensor x = normal({2, 3, 4, 4, 5}, 1), w = normal({2, 5}, 2);
  const auto ours = [](const Tensor& a, const Tensor& b) {
    return task_normalised(a) * b.reshape({2, 1, 1, 1, 5});
  };
  const auto each = [](const Tensor& a, const Tensor& b) {
    const Tensor mean = a.mean(at::IntArrayRef({1, 2, 3}), true);
    const Tensor var = (a - mean).pow(2).mean(at::IntArrayRef({1, 2, 3}), true);
    return (a - mean) / (var + 1e-5).sqrt() * b.reshape({2, 1, 1, 1, 5});
  };
  expect_close(of(ours, x, w), of(each, x, w), 1e-11);
  const Tensor rows = x[1].permute({0, 3, 1, 2});
  EXPECT_LT(difference(task_normalised(x)[1].permute({0, 3, 1, 2}),
                       at::batch_norm(rows, {}, {}, {}, {}, true, 0, 1e-5, false)),
            1e-12);
}

TEST(TaskNet, TasksSideBySideAreEachTaskByItself) {
  for (const std::string reduce : {"stride", "pool"}) {
    for (const std::string features : {"flatten", "mean"}) {
      TaskNetOptions options;
      options.width = 16;
      options.reduce = reduce;
      options.features = features;
      TaskNet net(options, 1, 16, 3);
      initialize(net, Rng(1));
      const Tensor images = normal({8, 1, 16, 16}, 5, at::kFloat);
      Parameters phi = stacked(net.parameters_in_order(), 2);
      for (size_t p = 0; p < phi.size(); ++p) {
        phi[p] = phi[p].detach() + 0.1 * normal(phi[p].sizes().vec(), p, at::kFloat);
      }
      const Tensor both = net.forward_tasks(task_images(images, 2), phi);
      for (int64_t t = 0; t < 2; ++t) {
        Parameters own;
        for (const Tensor& p : phi) own.push_back(p[t]);
        EXPECT_LT(difference(both[t], net.forward(images.narrow(0, 4 * t, 4), own)), 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace likewise::fewshot
