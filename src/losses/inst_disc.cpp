#include "likewise/losses/inst_disc.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/softplus.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

// v . z / tau of each row's own bank row, [N].
Tensor own_logits(const Tensor& z, const Tensor& bank, const Tensor& index, double temperature) {
  return (z * bank.index_select(0, index)).sum(1) / temperature;
}

// z_i . bank_j for the drawn rows j of each sample, [N, m]. One sample's rows are gathered at a
// time, and again for the gradient: all of them would be m times as large as z. The bank takes
// none.
struct DrawnProducts : torch::autograd::Function<DrawnProducts> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& z,
                        const Tensor& bank, const Tensor& drawn) {
    const Tensor out = at::empty({z.size(0), drawn.size(1)}, z.options());
    at::parallel_for(0, z.size(0), 1, [&](int64_t begin, int64_t end) {
      const at::NoGradGuard no_grad;
      for (int64_t i = begin; i < end; ++i) {
        out[i].copy_(at::mv(bank.index_select(0, drawn[i]), z[i]));
      }
    });
    context->save_for_backward({z, bank, drawn});
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &z = saved[0], &bank = saved[1], &drawn = saved[2];
    const Tensor gradient = at::empty_like(z);
    at::parallel_for(0, z.size(0), 1, [&](int64_t begin, int64_t end) {
      const at::NoGradGuard no_grad;
      for (int64_t i = begin; i < end; ++i) {
        gradient[i].copy_(at::mv(bank.index_select(0, drawn[i]).t(), upstream[0][i]));
      }
    });
    return {gradient, Tensor(), Tensor()};
  }
};

// The same of its noise rows, [N, m].
Tensor noise_logits(const Tensor& z, const Tensor& bank, const Tensor& noise, double temperature) {
  LIKEWISE_CHECK(noise.dim() == 2 && noise.size(0) == z.size(0), "noise rows of each sample");
  return DrawnProducts::apply(z, bank.detach(), noise) / temperature;
}

}  // namespace

Tensor inst_disc_nce(const Tensor& z, const Tensor& bank, const Tensor& index, const Tensor& noise,
                     double temperature, double log_z) {
  // log(P n / m), so that h = sigmoid of it
  const double shift =
      log_z + std::log(static_cast<double>(noise.size(1)) / static_cast<double>(bank.size(0)));
  const Tensor own = own_logits(z, bank, index, temperature) - shift;
  const Tensor others = noise_logits(z, bank, noise, temperature) - shift;
  return (at::softplus(-own, 1, 50) + at::softplus(others, 1, 50).sum(1)).mean();
}

double inst_disc_log_z(const Tensor& z, const Tensor& bank, const Tensor& noise,
                       double temperature) {
  const at::NoGradGuard no_grad;
  const Tensor logits = noise_logits(z, bank, noise, temperature).to(at::kDouble).flatten();
  return at::logsumexp(logits, {0}).item<double>() - std::log(static_cast<double>(logits.numel())) +
         std::log(static_cast<double>(bank.size(0)));
}

Tensor inst_disc_viewmaker(const Tensor& z, const Tensor& bank, const Tensor& index,
                           const Tensor& noise, double temperature) {
  const Tensor others = at::logsumexp(noise_logits(z, bank, noise, temperature), {1}) -
                        std::log(static_cast<double>(noise.size(1)));
  return (others - own_logits(z, bank, index, temperature)).mean();
}

Tensor inst_disc_softmax(const Tensor& z, const Tensor& bank, const Tensor& index,
                         double temperature) {
  return info_nce(z, bank, {.positive = index}, {.temperature = temperature, .normalize = false});
}

void update_bank(Tensor bank, const Tensor& index, const Tensor& z, double momentum) {
  const at::NoGradGuard no_grad;
  const Tensor mixed =
      momentum * bank.index_select(0, index) + (1 - momentum) * z.detach().to(bank.scalar_type());
  bank.index_copy_(0, index, unit_rows(mixed));
}

}  // namespace likewise
