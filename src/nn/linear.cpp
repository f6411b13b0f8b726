#include "nn/linear.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/TracerMode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/product.hpp"

namespace likewise::detail {
namespace {

Tensor flat(const Tensor& x) { return x.reshape({-1, x.size(-1)}); }

Tensor forward_rows(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  Tensor out = at::empty(shape, x.options(), at::MemoryFormat::Contiguous);
  const Tensor rows = out.view({-1, weight.size(0)});
  if (bias.defined()) rows.copy_(bias.expand(rows.sizes()));
  mm_into(flat(x), weight.t(), rows, bias.defined());
  return out;
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  // `bias` is empty where there is none.
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x,
                        const Tensor& weight, const Tensor& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.numel() > 0;
    return forward_rows(x, weight, bias.numel() > 0 ? bias : Tensor());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &g = upstream[0];
    const bool with_bias = context->saved_data["bias"].toBool();
    const bool further = at::GradMode::is_enabled();  // the gradient will be differentiated
    const Tensor rows = g.reshape({-1, g.size(-1)});
    torch::autograd::variable_list out(3);
    if (context->needs_input_grad(0)) {
      if (further) {
        out[0] = at::matmul(g, weight);
      } else {
        out[0] = at::empty(x.sizes(), x.options(), at::MemoryFormat::Contiguous);
        mm_into(rows, weight, out[0].view({-1, x.size(-1)}), false);
      }
    }
    if (context->needs_input_grad(1)) {
      if (further) {
        out[1] = at::matmul(rows.t(), x.reshape({-1, x.size(-1)}));
      } else {
        out[1] = at::empty(weight.sizes(), weight.options(), at::MemoryFormat::Contiguous);
        mm_into(rows.t(), flat(x), out[1], false);
      }
    }
    if (with_bias && context->needs_input_grad(2)) out[2] = at::sum(rows, 0);
    return out;
  }
};

bool is_plain_float(const Tensor& x) {
  return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.layout() == at::kStrided;
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const bool ours = is_plain_float(x) && is_plain_float(weight) &&
                    (!bias.defined() || is_plain_float(bias)) && x.dim() >= 1 &&
                    x.size(-1) == weight.size(1) && x.numel() > 0 &&
                    !at::tracer::impl::is_dispatch_enabled();
  if (!ours) return at::linear(x, weight, bias);
  const bool differentiated =
      at::GradMode::is_enabled() &&
      (x.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
  if (!differentiated) return forward_rows(x, weight, bias);
  return LinearFunction::apply(x, weight, bias.defined() ? bias : at::zeros({0}, x.options()));
}

}  // namespace likewise::detail
