#include "likewise/methods/slow_copy.hpp"

#include <ATen/TensorIndexing.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "likewise/nn/weights.hpp"
#include "likewise/optim/ema.hpp"

namespace likewise {

double SlowCopyOptions::at(double fraction) const {
  return ema_momentum(momentum, momentum_end, fraction, 1);
}

SlowCopy::SlowCopy(std::shared_ptr<Encoder> encoder, std::shared_ptr<torch::nn::Module> head,
                   Project project)
    : project_(std::move(project)) {
  encoder_ = register_module("encoder", std::move(encoder));
  head_ = register_module("head", std::move(head));
  for (Tensor& parameter : parameters()) parameter.set_requires_grad(false);
}

void SlowCopy::start_from(const torch::nn::Module& encoder, const torch::nn::Module& head) {
  copy_weights(encoder, *encoder_);
  copy_weights(head, *head_);
}

void SlowCopy::follow(const torch::nn::Module& encoder, const torch::nn::Module& head,
                      double momentum) {
  ema_update(*encoder_, encoder, momentum, EmaBuffers::kKeep);
  ema_update(*head_, head, momentum, EmaBuffers::kKeep);
}

Tensor SlowCopy::embed(const Tensor& x, Precision precision, int64_t parts) {
  const at::NoGradGuard no_grad;
  const PrecisionGuard guard(precision, x.device().type());
  const int64_t n = x.size(0);
  parts = is_training() ? std::min(parts, n / 2) : 1;  // a batch norm needs two samples
  if (parts <= 1) return project_(encoder_->forward(x)).to(at::kFloat);
  Tensor all;
  for (int64_t p = 0; p < parts; ++p) {
    const Tensor part = x.slice(0, p, n, parts).contiguous(x.suggest_memory_format());
    const Tensor z = project_(encoder_->forward(part)).to(at::kFloat);
    if (!all.defined()) all = at::empty({n, z.size(1)}, z.options());
    all.slice(0, p, n, parts).copy_(z);
  }
  return all;
}

}  // namespace likewise
