#include "likewise/optim/ema.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

#include "likewise/base/error.hpp"
#include "likewise/optim/schedule.hpp"
#include "optim/flat.hpp"

namespace likewise {

void ema_update(const std::vector<Tensor>& target, const std::vector<Tensor>& online,
                double momentum) {
  LIKEWISE_CHECK(target.size() == online.size(), "{} tensors follow {}", target.size(),
                 online.size());
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < target.size(); ++i) {
    Tensor to = target[i].detach();
    LIKEWISE_CHECK(to.sizes() == online[i].sizes(), "tensor {} has another shape", i);
    if (flat::is_flat(to)) {
      const Tensor from = flat::in_layout_of(to, online[i].detach());
      flat::average(to.data_ptr<float>(), from.data_ptr<float>(), to.numel(),
                    static_cast<float>(momentum));
      to.unsafeGetTensorImpl()->bump_version();
    } else {
      to.mul_(momentum).add_(online[i].detach(), 1 - momentum);
    }
  }
}

void ema_update(const torch::nn::Module& target, const torch::nn::Module& online, double momentum,
                EmaBuffers buffers) {
  ema_update(target.parameters(), online.parameters(), momentum);
  if (buffers == EmaBuffers::kKeep) return;
  const at::NoGradGuard no_grad;
  const auto to = target.buffers(), from = online.buffers();
  LIKEWISE_CHECK(to.size() == from.size(), "{} buffers follow {}", to.size(), from.size());
  for (size_t i = 0; i < to.size(); ++i) {
    Tensor buffer = to[i];
    buffer.copy_(from[i]);
  }
}

double ema_momentum(double start, double end, double step, double total) {
  return cosine_between(start, end, total > 0 ? step / total : 1);
}

}  // namespace likewise
