#include "losses/info_nce_kernel.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scalar_tensor.h>

#include "kernels/contrastive/info_nce.hpp"
#include "likewise/base/interrupt.hpp"

namespace likewise {

InfoNceParts info_nce_kernel(const Tensor& q, const Tensor& k, const InfoNcePairs& pairs,
                             const InfoNceOptions& options, double scale, InfoNceWants wants) {
  std::vector<Tensor> alive;  // what the pointers point into
  const auto ready = [&](const Tensor& x, at::ScalarType type) -> const void* {
    if (!x.defined()) return nullptr;
    alive.push_back(x.detach().to(at::kCPU, type).contiguous());
    return alive.back().data_ptr();
  };
  const auto floats = [&](const Tensor& x) {
    return static_cast<const float*>(ready(x, at::kFloat));
  };
  const auto indices = [&](const Tensor& x) {
    return static_cast<const int64_t*>(ready(x, at::kLong));
  };
  kernels::InfoNceProblem problem;
  problem.q = floats(q);
  problem.k = floats(k);
  problem.n = q.size(0);
  problem.m = k.size(0);
  problem.d = q.size(1);
  problem.scale = static_cast<float>(scale);
  problem.normalize = options.normalize;
  problem.decoupled = options.decoupled;
  problem.groups_attract = pairs.groups_attract;
  problem.positive = indices(pairs.positive);
  problem.positive_key = floats(pairs.positive_key);
  problem.self = indices(pairs.self);
  problem.query_group = indices(pairs.query_group);
  problem.key_group = indices(pairs.key_group);
  problem.key_log_weight = floats(pairs.key_log_weight);
  InfoNceParts parts;
  kernels::InfoNceGradients gradients;
  const auto room = [](bool wanted, const Tensor& like, Tensor& gradient) -> float* {
    if (!wanted) return nullptr;
    gradient = at::empty_like(like, like.options(), at::MemoryFormat::Contiguous);
    return gradient.data_ptr<float>();
  };
  gradients.q = room(wants.q || wants.scale, q, parts.q);
  gradients.k = room(wants.k, k, parts.k);
  gradients.positive_key = room(wants.positive_key, pairs.positive_key, parts.positive_key);
  const kernels::InfoNceValue value = kernels::info_nce(
      problem, gradients, [](int64_t count, const std::function<void(int64_t, int64_t)>& body) {
        at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
          check_interrupt();
          body(begin, end);
        });
      });
  parts.loss = at::scalar_tensor(value.loss, q.options());
  parts.scale_gradient = value.scale_gradient;
  return parts;
}

}  // namespace likewise
