#include "likewise/losses/swav.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/ones.h>

#include "likewise/base/error.hpp"
#include "losses/soft_cross_entropy.hpp"

namespace likewise {
namespace {

// Exponents down to this far below the largest keep enough in float32 for every sum.
constexpr double kSafeSpan = 60;

// Rows and columns are divided by their sums in logarithms: safe for any scores. A prototype that
// no score is near to would else have a column of zeros.
Tensor sinkhorn_by_logarithms(Tensor q, int64_t iterations) {
  for (int64_t i = 0; i < iterations; ++i) {
    q = q - at::logsumexp(q, {0}, true);
    q = q - at::logsumexp(q, {1}, true);
  }
  return (iterations > 0 ? q : q - at::logsumexp(q, {1}, true)).exp();
}

// The same with one factor a row and one a column: the matrix itself is only read.
Tensor sinkhorn_by_factors(Tensor q, int64_t iterations) {
  q = (q - q.max()).exp_();
  Tensor row = at::mv(q, at::ones({q.size(1)}, q.options())).reciprocal_(), column;
  if (iterations > 0) row.fill_(1);
  for (int64_t i = 0; i < iterations; ++i) {
    column = at::mv(q.t(), row).reciprocal_();
    row = at::mv(q, column).reciprocal_();
  }
  if (column.defined()) q.mul_(column.unsqueeze(0));
  return q.mul_(row.unsqueeze(1));
}

}  // namespace

Tensor sinkhorn(const Tensor& scores, double epsilon, int64_t iterations) {
  LIKEWISE_CHECK(scores.dim() == 2 && scores.size(0) > 0, "scores [N, K]");
  const at::NoGradGuard no_grad;
  const Tensor q = scores.detach() / epsilon;
  const double span = (q.max() - q.min()).item<double>();
  return span < kSafeSpan ? sinkhorn_by_factors(q, iterations)
                          : sinkhorn_by_logarithms(q, iterations);
}

Tensor swav(const std::vector<Tensor>& scores, const SwavOptions& options,
            const std::vector<Tensor>& queued) {
  LIKEWISE_CHECK(scores.size() >= 2 && (queued.empty() || queued.size() == 2),
                 "SwAV compares two large views or more");
  std::vector<Tensor> codes;
  for (size_t i = 0; i < 2; ++i) {
    const Tensor all =
        queued.empty() ? scores[i].detach() : at::cat({scores[i].detach(), queued[i]});
    codes.push_back(
        sinkhorn(all, options.epsilon, options.iterations).narrow(0, 0, scores[i].size(0)));
  }
  // A small view predicts both codes: their sum at once.
  const Tensor both = scores.size() > 2 ? codes[0] + codes[1] : Tensor();
  Tensor sum;
  for (size_t v = 0; v < scores.size(); ++v) {
    const Tensor one =
        soft_cross_entropy(scores[v], v < 2 ? codes[1 - v] : both, options.temperature);
    sum = sum.defined() ? sum + one : one;
  }
  return sum / (2 * static_cast<double>(scores.size() - 1));
}

}  // namespace likewise
