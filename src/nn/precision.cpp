#include "likewise/nn/precision.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "likewise/nn/initialize.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/memory_format.hpp"
#include "nn/autocast.hpp"

namespace likewise {

using detail::autocast_enabled;
using detail::autocast_type;
using detail::enable_autocast;
using detail::set_autocast_type;

namespace {

bool processor_has_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

// A network of the shape that the program trains, small enough for a step in a few milliseconds.
struct TrialNetwork : torch::nn::Module {
  explicit TrialNetwork(c10::DeviceType device) {
    conv1 = register_module("conv1", std::make_shared<Conv2d>(32, 32, Conv2dOptions{.padding = 1}));
    bn1 = register_module("bn1", std::make_shared<BatchNorm>(32));
    conv2 = register_module(
        "conv2", std::make_shared<Conv2d>(32, 64, Conv2dOptions{.stride = 2, .padding = 1}));
    bn2 = register_module("bn2", std::make_shared<BatchNorm>(64));
    linear = register_module("linear", std::make_shared<Linear>(64, 64));
    initialize(*this, Rng(1));
    to_channels_last(*this);
    to(device);
  }

  double step_ms(const Tensor& x, Precision precision) {
    const auto start = std::chrono::steady_clock::now();
    Tensor loss;
    {
      const PrecisionGuard guard(precision, x.device().type());
      Tensor y = bn1->forward(conv1->forward(x)).relu_();
      y = bn2->forward(conv2->forward(y)).relu_();
      loss = linear->forward(y.mean(at::IntArrayRef{2, 3})).to(at::kFloat).square().mean();
    }
    loss.backward();
    if (!x.is_cpu()) loss.item<float>();  // waits for the device
    zero_grad();
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - start;
    return elapsed.count();
  }

  std::shared_ptr<Conv2d> conv1, conv2;
  std::shared_ptr<BatchNorm> bn1, bn2;
  std::shared_ptr<Linear> linear;
};

}  // namespace

const char* precision_name(Precision precision) {
  return precision == Precision::kBf16 ? "bf16" : "fp32";
}

PrecisionGuard::PrecisionGuard(Precision precision, c10::DeviceType device)
    : device_(device),
      was_enabled_(autocast_enabled(device)),
      previous_type_(autocast_type(device)) {
  at::autocast::increment_nesting();
  enable_autocast(device, precision == Precision::kBf16);
  if (precision == Precision::kBf16) set_autocast_type(device, at::kBFloat16);
}

PrecisionGuard::~PrecisionGuard() {
  // The outermost guard drops the cast copies of the weights, which an optimiser step makes stale.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  enable_autocast(device_, was_enabled_);
  set_autocast_type(device_, previous_type_);
}

PrecisionChoice choose_precision(c10::DeviceType device) {
  if (device != c10::DeviceType::CPU || processor_has_bf16()) return measure_precision(device);
  PrecisionChoice choice;
  choice.reason = "this processor has no bf16 instructions";
  return choice;
}

PrecisionChoice measure_precision(c10::DeviceType device) {
  constexpr double kBudgetMs = 250, kMinimumGain = 1.1;
  constexpr int kRounds = 5;
  PrecisionChoice choice;
  constexpr int64_t kSide = 16;
  const int64_t batch = device == c10::DeviceType::CPU ? 32 : 1024;  // enough to fill a GPU
  const Tensor x =
      channels_last(at::arange(batch * 32 * kSide * kSide, at::TensorOptions().dtype(at::kFloat))
                        .sin()
                        .view({batch, 32, kSide, kSide})
                        .to(device));
  const auto start = std::chrono::steady_clock::now();
  const auto spent_ms = [&start] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  };
  TrialNetwork network(device);
  // The first round makes oneDNN compile its kernels. Interleaved, best of the rounds: other work
  // on the machine can only add time.
  double warm_up = network.step_ms(x, Precision::kFp32);
  warm_up += network.step_ms(x, Precision::kBf16);
  choice.fp32_ms = choice.bf16_ms = warm_up;
  for (int round = 0; round < kRounds && (round == 0 || spent_ms() < kBudgetMs); ++round) {
    choice.fp32_ms = std::min(choice.fp32_ms, network.step_ms(x, Precision::kFp32));
    choice.bf16_ms = std::min(choice.bf16_ms, network.step_ms(x, Precision::kBf16));
  }
  if (choice.bf16_ms * kMinimumGain <= choice.fp32_ms) choice.precision = Precision::kBf16;
  choice.reason = fmt::format("a trial step takes {:.1f} ms in fp32 and {:.1f} ms in bf16",
                              choice.fp32_ms, choice.bf16_ms);
  return choice;
}

}  // namespace likewise
