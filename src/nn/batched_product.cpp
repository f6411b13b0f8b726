#include <ATen/Parallel.h>
#include <ATen/TracerMode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/gemm/gemm.hpp"
#include "nn/product.hpp"

namespace likewise::detail {
namespace {

Tensor each_product(const Tensor& a, const Tensor& b) {
  const auto ready = [](const Tensor& x) {
    return x.stride(2) == 1 || x.stride(3) == 1 ? x : x.contiguous();
  };
  const Tensor left = ready(a), right = ready(b);
  const int64_t heads = a.size(1), m = a.size(2), k = a.size(3), n = b.size(3);
  const Tensor out = at::empty({a.size(0), heads, m, n}, a.options(), at::MemoryFormat::Contiguous);
  const auto matrix = [&](const Tensor& x, int64_t i) {
    const bool across = x.stride(3) != 1;
    return kernels::MatrixView{
        x.data_ptr<float>() + i / heads * x.stride(0) + i % heads * x.stride(1),
        x.stride(across ? 3 : 2), across};
  };
  at::parallel_for(0, a.size(0) * heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      kernels::gemm(m, n, k, matrix(left, i), matrix(right, i), out.data_ptr<float>() + i * m * n,
                    n);
    }
  });
  return out;
}

struct BatchedProduct : torch::autograd::Function<BatchedProduct> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& a,
                        const Tensor& b) {
    context->save_for_backward({a, b});
    return each_product(a, b);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const bool further = at::GradMode::is_enabled();  // the gradient will be differentiated
    const auto product = [&](const Tensor& x, const Tensor& y) {
      return further ? at::matmul(x, y) : each_product(x, y);
    };
    torch::autograd::variable_list out(2);
    if (context->needs_input_grad(0)) out[0] = product(upstream[0], saved[1].transpose(2, 3));
    if (context->needs_input_grad(1)) out[1] = product(saved[0].transpose(2, 3), upstream[0]);
    return out;
  }
};

bool is_ours(const Tensor& x) {
  return x.scalar_type() == at::kFloat && x.device().is_cpu() && x.dim() == 4 && x.numel() > 0;
}

}  // namespace

Tensor batched_product(const Tensor& a, const Tensor& b) {
  const bool ours = is_ours(a) && is_ours(b) && a.size(0) == b.size(0) && a.size(1) == b.size(1) &&
                    a.size(3) == b.size(2) && !at::tracer::impl::is_dispatch_enabled();
  return ours ? BatchedProduct::apply(a, b) : at::matmul(a, b);
}

}  // namespace likewise::detail
