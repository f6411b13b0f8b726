#include "losses/soft_cross_entropy.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/log_softmax.h>

#include "losses/known_gradient.hpp"

namespace likewise {

Tensor soft_cross_entropy(const Tensor& scores, const Tensor& target, double temperature) {
  const auto n = static_cast<double>(scores.size(0));
  double value = 0;
  Tensor gradient;
  {
    const at::NoGradGuard no_grad;
    Tensor log_p = at::log_softmax(scores.detach() / temperature, 1);
    value = -(log_p * target).sum().item<double>() / n;
    gradient = log_p.exp_().mul_(target.sum(1, true)).sub_(target).mul_(1 / (temperature * n));
  }
  return with_gradient(value, scores, wants_gradient(scores) ? gradient : Tensor());
}

}  // namespace likewise
