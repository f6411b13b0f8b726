// The losses that have kernels of their own on the processor, on a device where these cannot run.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "device/second_device.hpp"
#include "likewise/base/random.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/nt_xent.hpp"

namespace likewise {
namespace {

Tensor random_rows(uint64_t seed, int64_t n, int64_t d) {
  Tensor x = at::empty({n, d}, at::kFloat);
  Rng(seed).fill_normal(x.data_ptr<float>(), x.numel());
  return x;
}

// loss(inputs) and its gradients, here and there.
template <class Loss>
void expect_same(const std::vector<Tensor>& inputs, const Loss& loss, const std::string& what) {
  std::vector<std::vector<Tensor>> results;
  for (const bool there : {false, true}) {
    const c10::Device device = there ? c10::Device(testing::kSecondDevice) : c10::kCPU;
    std::vector<Tensor> x;
    for (const Tensor& input : inputs) {
      x.push_back(input.detach().clone().to(device).set_requires_grad(true));
    }
    const Tensor value = loss(x);
    value.backward();
    results.push_back({value.detach().to(at::kCPU)});
    for (const Tensor& one : x) results.back().push_back(one.grad().to(at::kCPU));
  }
  for (size_t i = 0; i < results[0].size(); ++i) {
    const double size = results[0][i].abs().max().item<double>();
    EXPECT_LE((results[0][i] - results[1][i]).abs().max().item<double>(),
              2e-5 * std::max(size, 0.1))
        << what << ", " << (i == 0 ? "value" : "gradient " + std::to_string(i - 1));
  }
}

TEST(SecondDeviceLosses, NtXentInTilesIsTheKernel) {
  if (*testing::no_second_device()) GTEST_SKIP() << testing::no_second_device();
  for (int64_t n : {2, 33, 200}) {
    for (double temperature : {0.02, 0.5}) {
      for (int form = 0; form < 4; ++form) {
        NtXentOptions options;
        options.temperature = temperature;
        options.decoupled = form == 1;
        options.decoupled_sigma = form == 2 ? 0.5 : 0;
        options.normalize = form != 3;
        const double scale = options.normalize ? 1 : 0.1;  // or the exponents are one-hot
        const std::string what = std::to_string(n) + " rows, form " + std::to_string(form) +
                                 ", temperature " + std::to_string(temperature);
        expect_same(
            {random_rows(1, n, 24) * scale, random_rows(2, n, 24) * scale},
            [&](const std::vector<Tensor>& x) { return nt_xent(x[0], x[1], options); }, what);
        expect_same(
            {random_rows(1, n, 24) * scale, random_rows(2, n, 24) * scale, at::full({}, 1.5)},
            [&](const std::vector<Tensor>& x) { return nt_xent(x[0], x[1], options, x[2]); },
            what + ", learned temperature");
      }
    }
  }
}

TEST(SecondDeviceLosses, InfoNceIsTheKernel) {
  if (*testing::no_second_device()) GTEST_SKIP() << testing::no_second_device();
  for (int64_t n : {3, 64}) {
    const std::vector<Tensor> rows = {random_rows(1, n, 16), random_rows(2, n + 40, 16),
                                      random_rows(3, n, 16)};
    expect_same(
        rows,
        [](const std::vector<Tensor>& x) {
          return info_nce(x[0], x[1], {.positive_key = x[2]}, {.temperature = 0.1});
        },
        "queue");
    const Tensor groups = at::arange(n, at::kLong) % 5;
    expect_same(
        {rows[0], rows[2]},
        [&](const std::vector<Tensor>& x) {
          return clip_loss(x[0], x[1], {.temperature = 0.2}, {}, groups.to(x[0].device()));
        },
        "image and text with groups");
  }
}

}  // namespace
}  // namespace likewise
