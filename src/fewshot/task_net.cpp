#include "likewise/fewshot/task_net.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/var_mean.h>
#include <c10/core/GradMode.h>

#include "fewshot/task_ops.hpp"
#include "likewise/base/error.hpp"

namespace likewise::fewshot {

namespace {
constexpr int64_t kBlocks = 4;
constexpr double kNormEps = 1e-5;
}  // namespace

TaskNet::TaskNet(const TaskNetOptions& options, int64_t channels, int64_t size, int64_t ways,
                 int64_t norm_sets)
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
    norms_.emplace_back();
    for (int64_t s = 0; s < norm_sets; ++s) {
      const std::string name = norm_sets == 1 ? "bn" : "bn" + std::to_string(s);
      norms_.back().push_back(
          block->register_module(name, std::make_shared<BatchNorm>(options.width)));
    }
    register_module("block" + std::to_string(i), block);
  }
  const int64_t places = options.features == "flatten" ? side * side : 1;
  head_ = register_module("head", std::make_shared<Linear>(options.width * places, ways));
}

Parameters TaskNet::parameters_in_order() const {
  Parameters out;
  for (size_t i = 0; i < convs_.size(); ++i) {
    out.push_back(convs_[i]->weight);
    out.push_back(norms_[i][0]->weight);
    out.push_back(norms_[i][0]->bias);
  }
  out.push_back(head_->weight);
  out.push_back(head_->bias);
  return out;
}

Tensor TaskNet::forward_tasks(const Tensor& x, const Parameters& phi, NormStatistics* record,
                              const NormStatistics* use, int64_t set) const {
  LIKEWISE_CHECK(phi.size() == head_begin() + 2, "{} parameters", phi.size());
  LIKEWISE_CHECK(set >= 0 && set < norm_sets(), "set {} of {}", set, norm_sets());
  const bool pools = options_.reduce == "pool";
  const int64_t tasks = x.size(0);
  // [T, C] or, for all tasks, [C] -> what broadcasts over images and places
  const auto of_channels = [](const Tensor& t) {
    return t.reshape({t.dim() == 2 ? t.size(0) : 1, 1, 1, 1, -1});
  };
  Tensor y = x;
  for (size_t i = 0; i < convs_.size(); ++i) {
    y = task_conv(y, phi[3 * i], pools ? 1 : 2, 1);
    if (record != nullptr) {
      const auto [var, mean] = at::var_mean(y.detach(), at::IntArrayRef({1, 2, 3}), false);
      record->mean.push_back(mean);
      record->var.push_back(var);
    }
    const BatchNorm& norm = *norms_[i][static_cast<size_t>(set)];
    const bool own = norm_sets() > 1;
    y = use == nullptr
            ? task_normalised(y)
            : (y - of_channels(use->mean.at(i))) * (of_channels(use->var.at(i)) + kNormEps).rsqrt();
    y = at::relu(at::addcmul(of_channels(own ? norm.bias : phi[3 * i + 2]), y,
                             of_channels(own ? norm.weight : phi[3 * i + 1])));
    if (pools) {
      y = at::max_pool2d(y.flatten(0, 1).permute({0, 3, 1, 2}), {2, 2}).permute({0, 2, 3, 1});
      y = y.reshape({tasks, -1, y.size(1), y.size(2), y.size(3)});
    }
  }
  // Channel by channel, as a network of one task flattens its maps.
  y = options_.features == "flatten" ? y.permute({0, 1, 4, 2, 3}).flatten(2)
                                     : y.mean(at::IntArrayRef({2, 3}));
  return at::baddbmm(phi[head_begin() + 1].unsqueeze(1), y, phi[head_begin()].transpose(1, 2));
}

Tensor TaskNet::forward(const Tensor& x, const Parameters& phi) const {
  return forward_tasks(task_images(x, 1), stacked(phi, 1))[0];
}

Tensor task_images(const Tensor& images, int64_t tasks) {
  return images.permute({0, 2, 3, 1})
      .reshape({tasks, -1, images.size(2), images.size(3), images.size(1)})
      .contiguous();
}

Parameters stacked(const Parameters& parameters, int64_t tasks) {
  Parameters out;
  for (const Tensor& p : parameters) {
    std::vector<int64_t> shape = p.sizes().vec();
    shape.insert(shape.begin(), tasks);
    out.push_back(p.unsqueeze(0).expand(shape));
  }
  return out;
}

NormStatistics TaskNet::running(int64_t set) const {
  NormStatistics out;
  for (const auto& block : norms_) {
    out.mean.push_back(block.at(static_cast<size_t>(set))->running_mean);
    out.var.push_back(block.at(static_cast<size_t>(set))->running_var);
  }
  return out;
}

void TaskNet::update_running(int64_t set, const NormStatistics& tasks) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < norms_.size(); ++i) {
    BatchNorm& norm = *norms_[i].at(static_cast<size_t>(set));
    const int64_t count = tasks.mean.at(i).size(0);
    for (int64_t t = 0; t < count; ++t) {
      norm.running_mean.lerp_(tasks.mean.at(i)[t], norm.momentum);
      norm.running_var.lerp_(tasks.var.at(i)[t], norm.momentum);
    }
    norm.num_batches_tracked.add_(count);
  }
}

Tensor cross_entropy(const Tensor& logits, const Tensor& targets) {
  return -at::log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).mean();
}

Tensor task_cross_entropy(const Tensor& logits, const Tensor& targets) {
  const Tensor rows =
      targets.dim() == 2 ? targets : targets.unsqueeze(0).expand({logits.size(0), -1});
  return -at::log_softmax(logits, 2).gather(2, rows.unsqueeze(2)).mean(1).sum();
}

}  // namespace likewise::fewshot
