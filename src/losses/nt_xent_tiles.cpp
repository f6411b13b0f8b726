#include "losses/nt_xent_tiles.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/norm.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>

#include "kernels/contrastive/nt_xent.hpp"
#include "likewise/base/interrupt.hpp"

namespace likewise {

NtXentParts nt_xent_kernel(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
                           double scale, bool with_gradient, bool across) {
  kernels::NtXentProblem problem{};
  problem.z0 = z0.data_ptr<float>();
  problem.z1 = z1.data_ptr<float>();
  problem.n = z0.size(0);
  problem.d = z0.size(1);
  problem.scale = static_cast<float>(scale);
  problem.normalize = options.normalize;
  problem.decoupled = options.decoupled;
  problem.sigma = options.decoupled_sigma;
  problem.across = across;
  NtXentParts parts;
  if (with_gradient) {
    parts.grad0 = at::empty_like(z0);
    parts.grad1 = at::empty_like(z1);
  }
  const auto for_each = [](int64_t count, const std::function<void(int64_t, int64_t)>& body) {
    at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
      check_interrupt();
      body(begin, end);
    });
  };
  const kernels::NtXentValue value =
      kernels::nt_xent(problem, with_gradient ? parts.grad0.data_ptr<float>() : nullptr,
                       with_gradient ? parts.grad1.data_ptr<float>() : nullptr, for_each);
  parts.loss = at::scalar_tensor(value.loss, z0.options());
  if (with_gradient) {
    parts.scale_gradient = at::scalar_tensor(value.scale_gradient, at::kDouble);
  }
  return parts;
}

// As in the kernel, the positive stays out of the sums: with u_i = log Neg_i - w_i s_ip/tau the
// loss is log(1 + e^u_i), or u_i when decoupled, and q_i its derivative by u_i.
NtXentParts nt_xent_aten(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
                         const Tensor& scale, bool with_gradient, int64_t tile) {
  const int64_t n = z0.size(0), rows = 2 * n;
  const Tensor raw = at::cat({z0, z1});  // [2N, D]
  Tensor norm, x = raw;
  if (options.normalize) {
    norm = at::norm(raw, 2, {1}, true).clamp_min(1e-12);
    x = raw / norm;
  }
  const Tensor positive = at::sum(x.narrow(0, 0, n) * x.narrow(0, n, n), 1).repeat({2});  // [2N]
  Tensor weight = at::ones_like(positive);
  if (options.decoupled && options.decoupled_sigma > 0) {
    const Tensor share = at::softmax(positive.narrow(0, 0, n) / options.decoupled_sigma, 0);
    weight = (2 - static_cast<double>(n) * share).repeat({2});
  }
  const Tensor index = at::arange(rows, raw.options().dtype(at::kLong));
  const double minus_infinity = -std::numeric_limits<double>::infinity();

  Tensor pulled, total;  // [2N, D] sum of both terms of the gradient; [] loss
  if (with_gradient) pulled = at::zeros_like(x);
  std::vector<Tensor> pulls;  // of the positive: q, or w when decoupled
  for (int64_t begin = 0; begin < rows; begin += tile) {
    const int64_t count = std::min(tile, rows - begin);
    const Tensor xb = x.narrow(0, begin, count);
    const Tensor own = index.narrow(0, begin, count).unsqueeze(1);  // [T, 1]
    Tensor logits = at::matmul(xb, x.t()).mul_(scale);              // [T, 2N]
    // i and p(i) are the columns that equal i modulo N.
    logits.masked_fill_((index.unsqueeze(0) - own).remainder(n) == 0, minus_infinity);
    const Tensor log_negatives = at::logsumexp(logits, {1});
    const Tensor u =
        log_negatives - weight.narrow(0, begin, count) * scale * positive.narrow(0, begin, count);
    const Tensor value = at::sum(options.decoupled ? u : -at::log_sigmoid(-u));
    total = total.defined() ? total + value : value;
    if (!with_gradient) continue;
    const Tensor q = options.decoupled ? at::ones_like(u) : at::sigmoid(u);
    pulls.push_back(options.decoupled ? weight.narrow(0, begin, count) : q);
    // P = q softmax over the negatives; without negatives q is 0 and log_negatives -infinity.
    const Tensor shift = at::where(q > 0, log_negatives, at::zeros_like(q));
    const Tensor p = logits.sub_(shift.unsqueeze(1)).exp_().mul_(q.unsqueeze(1));
    pulled.narrow(0, begin, count).add_(at::matmul(p, x));
    pulled.add_(at::matmul(p.t(), xb));
  }
  NtXentParts parts;
  parts.loss = total / rows;
  if (!with_gradient) return parts;
  const Tensor pull = at::cat(pulls);  // [2N]
  parts.scale_gradient = (at::sum(x * pulled) / 2 - at::sum(pull * positive)) / rows;
  const Tensor both = (pull + pull.roll(n)).unsqueeze(1);
  Tensor grad = pulled - both * x.roll(n, 0);
  if (options.normalize) {
    const Tensor along = at::sum(grad * x, {1}, true);
    grad = (grad - at::where(norm > 1e-12, along, at::zeros_like(along)) * x) / norm;
  }
  grad = grad * (scale / rows);
  parts.grad0 = grad.narrow(0, 0, n);
  parts.grad1 = grad.narrow(0, n, n);
  return parts;
}

}  // namespace likewise
