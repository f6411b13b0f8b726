#include "likewise/losses/weighted_nt_xent.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/log1p.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include <unordered_map>

#include "likewise/base/error.hpp"
#include "likewise/losses/similarity_lse.hpp"

namespace likewise {
namespace {

// How many samples share each sample's group. [N], type of `like`
Tensor group_sizes(const Tensor& groups, const Tensor& like) {
  const Tensor ids = groups.to(at::kCPU).contiguous();
  std::unordered_map<int64_t, int64_t> sizes;
  const int64_t* id = ids.data_ptr<int64_t>();
  for (int64_t i = 0; i < ids.numel(); ++i) ++sizes[id[i]];
  Tensor out = at::empty({ids.numel()}, at::kDouble);
  for (int64_t i = 0; i < ids.numel(); ++i) {
    out.data_ptr<double>()[i] = id[i] < 0 ? 1 : static_cast<double>(sizes[id[i]]);
  }
  return out.to(like.options());
}

}  // namespace

Tensor weighted_nt_xent(const Tensor& z0, const Tensor& z1, const WeightedNtXentOptions& options,
                        const Tensor& groups) {
  const int64_t n = z0.size(0);
  LIKEWISE_CHECK(z0.sizes() == z1.sizes() && z0.dim() == 2, "two views [N, D] of one size");
  if (options.tau_plus < 0 || options.tau_plus >= 1) {
    throw UserError("the share of false negatives is {}; it must be in [0, 1)", options.tau_plus);
  }
  const Tensor a = options.normalize ? unit_rows(z0) : z0;
  const Tensor b = options.normalize ? unit_rows(z1) : z1;
  const Tensor x = at::cat({a, b});  // [2N, D]
  const double c = 1 / options.temperature;
  const Tensor positive = ((a * b).sum(1) * c).repeat({2});  // [2N] s_ip / tau

  KeyMask mask;  // an index counts both views of a sample
  mask.query_index = mask.key_index =
      at::arange(n, at::TensorOptions(at::kLong).device(x.device())).repeat({2});
  Tensor count = at::full_like(positive.detach(), static_cast<double>(2 * n - 2));  // N_i
  if (groups.defined()) {
    mask.query_group = mask.key_group = groups.repeat({2});
    mask.keep = KeyMask::Keep::kOther;
    count = 2 * static_cast<double>(n) - 2 * group_sizes(groups, positive).repeat({2});
  }
  Tensor log_sum;  // log S_i
  if (options.beta > 0) {
    const Tensor scales =
        at::stack({scalar_like(c * (1 + options.beta), x), scalar_like(c * options.beta, x)});
    const Tensor both = similarity_lses(x, x, scales, mask);
    log_sum = both[0] - both[1] + count.log();
  } else {
    log_sum = similarity_lse(x, x, scalar_like(c, x), mask);
  }
  const Tensor some = count > 0;  // else nothing is left to compare with
  log_sum = at::where(some, log_sum, at::zeros_like(log_sum));
  if (options.tau_plus > 0) {
    // log(S - N tau_plus e_p), where that is above 0
    const Tensor share = (count.log() + std::log(options.tau_plus) + positive - log_sum).exp();
    const Tensor above = share < 1 - 1e-6;
    const Tensor rest = at::where(above, 1 - share, at::full_like(share, 1e-6));
    const Tensor corrected = log_sum + rest.log() - std::log(1 - options.tau_plus);
    const Tensor floor = count.log() - c;
    log_sum = at::where(above, at::maximum(corrected, floor), floor);
  }
  const Tensor u = log_sum - positive;
  const Tensor each = options.decoupled ? u : at::softplus(u, 1, 50);
  return at::where(some, each, at::zeros_like(each)).mean();
}

Tensor sogclr(const Tensor& z0, const Tensor& z1, double temperature, double gamma, Tensor log_u,
              const Tensor& index, bool update) {
  const int64_t n = z0.size(0);
  LIKEWISE_CHECK(z0.sizes() == z1.sizes() && index.numel() == n, "views and index of one size");
  if (n < 2) throw UserError("SogCLR needs a batch of at least 2: one sample has no negatives");
  const Tensor a = unit_rows(z0), b = unit_rows(z1), x = at::cat({a, b});
  const double c = 1 / temperature;
  KeyMask mask;
  mask.query_index = mask.key_index =
      at::arange(n, at::TensorOptions(at::kLong).device(x.device())).repeat({2});
  const Tensor lse = similarity_lse(x, x, scalar_like(c, x), mask);  // [2N]
  Tensor weight;
  {
    const at::NoGradGuard no_grad;
    const double log_count = std::log(static_cast<double>(2 * n - 2));
    const Tensor g = lse.to(at::kDouble) - log_count;  // log of the mean
    const Tensor both =
        at::logaddexp(g.narrow(0, 0, n), g.narrow(0, n, n)) - std::log(2.0);  // of both views
    const Tensor before = log_u.index_select(0, index);
    const Tensor mixed =
        gamma >= 1 ? both : at::logaddexp(before + std::log(1 - gamma), both + std::log(gamma));
    const Tensor now = at::where(at::isnan(before), both, mixed);
    if (update) log_u.index_copy_(0, index, now);
    weight = (g - now.repeat({2})).exp().to(x.scalar_type());  // [2N]
  }
  // d/ds_in of weight * lse is exp(s_in/tau) / (u (2N - 2) tau)
  return (weight * lse - ((a * b).sum(1) * c).repeat({2})).mean();
}

}  // namespace likewise
