#include "likewise/fewshot/task_net.hpp"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/var_mean.h>

#include <array>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

namespace {
constexpr int64_t kBlocks = 4;
constexpr double kNormEps = 1e-5;
}  // namespace

TaskNet::TaskNet(const TaskNetOptions& options, int64_t channels, int64_t size, int64_t ways)
    : options_(options) {
  const bool pools = options.reduce == "pool";
  int64_t side = size;
  for (int64_t i = 0; i < kBlocks; ++i) side = pools ? side / 2 : (side + 1) / 2;
  if (side < 1) throw UserError("four pools need images of at least 16 pixels, not {}", size);
  for (int64_t i = 0; i < kBlocks; ++i) {
    auto block = std::make_shared<torch::nn::Module>();
    // Uniform in +-1/sqrt(fan_in): behind a batch norm only the ratio of a weight's length to the
    // inner rate matters, and these rates are those of networks that started so.
    convs_.push_back(block->register_module(
        "conv", std::make_shared<Conv2d>(i == 0 ? channels : options.width, options.width,
                                         Conv2dOptions{.padding = 1, .rectified = false})));
    norms_.push_back(block->register_module("bn", std::make_shared<BatchNorm>(options.width)));
    register_module("block" + std::to_string(i), block);
  }
  const int64_t places = options.features == "flatten" ? side * side : 1;
  head_ = register_module("head", std::make_shared<Linear>(options.width * places, ways));
}

Parameters TaskNet::parameters_in_order() const {
  Parameters out;
  for (size_t i = 0; i < convs_.size(); ++i) {
    out.push_back(convs_[i]->weight);
    out.push_back(norms_[i]->weight);
    out.push_back(norms_[i]->bias);
  }
  out.push_back(head_->weight);
  out.push_back(head_->bias);
  return out;
}

Tensor TaskNet::forward(const Tensor& x, const Parameters& phi, NormStatistics* record,
                        const NormStatistics* use) const {
  LIKEWISE_CHECK(phi.size() == head_begin() + 2, "{} parameters", phi.size());
  const bool pools = options_.reduce == "pool";
  const std::array<int64_t, 2> step{pools ? 1 : 2, pools ? 1 : 2}, pad{1, 1};
  Tensor y = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    y = at::conv2d(y, phi[3 * i], {}, at::IntArrayRef(step), at::IntArrayRef(pad));
    if (record != nullptr) {
      const auto [var, mean] = at::var_mean(y.detach(), at::IntArrayRef({0, 2, 3}), false);
      record->mean.push_back(mean);
      record->var.push_back(var);
    }
    const bool given = use != nullptr;
    y = at::batch_norm(y, phi[3 * i + 1], phi[3 * i + 2], given ? use->mean.at(i) : Tensor(),
                       given ? use->var.at(i) : Tensor(), !given, 0, kNormEps, false);
    y = at::relu(y);
    if (pools) y = at::max_pool2d(y, {2, 2});
  }
  y = options_.features == "flatten" ? y.flatten(1) : y.mean(at::IntArrayRef({2, 3}));
  return at::linear(y, phi[head_begin()], phi[head_begin() + 1]);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets) {
  return -at::log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).mean();
}

}  // namespace likewise::fewshot
