#include "likewise/losses/swav.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor sinkhorn(const Tensor& scores, double epsilon, int64_t iterations) {
  LIKEWISE_CHECK(scores.dim() == 2 && scores.size(0) > 0, "scores [N, K]");
  const at::NoGradGuard no_grad;
  // In logarithms: a prototype that no score is near to would else have a column of zeros.
  Tensor q = scores.detach() / epsilon;
  for (int64_t i = 0; i < iterations; ++i) {
    q = q - at::logsumexp(q, {0}, true);
    q = q - at::logsumexp(q, {1}, true);
  }
  return (iterations > 0 ? q : q - at::logsumexp(q, {1}, true)).exp();
}

Tensor swav(const std::vector<Tensor>& scores, const SwavOptions& options,
            const std::vector<Tensor>& queued) {
  LIKEWISE_CHECK(scores.size() >= 2 && (queued.empty() || queued.size() == 2),
                 "SwAV compares two large views or more");
  std::vector<Tensor> log_p;
  for (const Tensor& s : scores) log_p.push_back(at::log_softmax(s / options.temperature, 1));
  Tensor sum;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t n = scores[i].size(0);
    const Tensor all = queued.empty() ? scores[i].detach() : at::cat({scores[i].detach(), queued[i]});
    const Tensor code = sinkhorn(all, options.epsilon, options.iterations).narrow(0, 0, n);
    for (size_t v = 0; v < scores.size(); ++v) {
      if (v == i) continue;
      const Tensor one = -(code * log_p[v]).sum(1).mean();
      sum = sum.defined() ? sum + one : one;
    }
  }
  return sum / (2 * static_cast<double>(scores.size() - 1));
}

}  // namespace likewise
