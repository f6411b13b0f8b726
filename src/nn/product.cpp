#include "nn/product.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include <functional>

#include "kernels/gemm/gemm.hpp"
#include "likewise/base/error.hpp"

namespace likewise::detail {
namespace {

// One of its dimensions must be in one piece.
template <class T>
kernels::MatrixOf<T> matrix_of(const Tensor& x) {
  const bool across = x.stride(1) != 1;
  return {x.data_ptr<T>(), x.stride(across ? 1 : 0), across};
}

Tensor in_pieces(const Tensor& x) {
  return x.stride(0) == 1 || x.stride(1) == 1 ? x : x.contiguous();
}

template <class T>
void multiply_into(const Tensor& a, const Tensor& b, const Tensor& out, bool add) {
  const Tensor left = in_pieces(a), right = in_pieces(b);
  kernels::gemm(a.size(0), b.size(1), a.size(1), matrix_of<T>(left), matrix_of<T>(right),
                out.data_ptr<T>(), out.size(1), add,
                at::in_parallel_region() ? 1 : at::get_num_threads(),
                [](int64_t count, const std::function<void(int64_t, int64_t)>& body) {
                  at::parallel_for(0, count, 1, body);
                });
}

}  // namespace

Tensor mm(const Tensor& a, const Tensor& b) {
  LIKEWISE_CHECK(
      a.dim() == 2 && b.dim() == 2 && a.size(1) == b.size(0) && a.scalar_type() == b.scalar_type(),
      "{} {} and {} {}", a.dim(), a.size(-1), b.dim(), b.size(0));
  const at::NoGradGuard no_grad;
  const bool wide = a.scalar_type() == at::kDouble;
  if (!a.device().is_cpu() || (!wide && a.scalar_type() != at::kFloat)) return at::mm(a, b);
  const Tensor out = at::empty({a.size(0), b.size(1)}, a.options(), at::MemoryFormat::Contiguous);
  wide ? multiply_into<double>(a, b, out, false) : multiply_into<float>(a, b, out, false);
  return out;
}

void mm_into(const Tensor& a, const Tensor& b, const Tensor& out, bool add) {
  multiply_into<float>(a, b, out, add);
}

}  // namespace likewise::detail
