#include "likewise/methods/batch_labels.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/where.h>

namespace likewise {

Tensor sample_labels(const Batch& batch, bool use_labels) {
  const Tensor& view = batch.views.at(0);
  const int64_t n = view.size(0);
  const Tensor own = at::arange(n, at::TensorOptions(at::kLong).device(view.device()));
  if (!use_labels || !batch.labels.defined() || n == 0) return own;
  const Tensor beyond = own + (batch.labels.max().clamp_min(-1) + 1);
  return at::where(batch.labels >= 0, batch.labels, beyond);
}

}  // namespace likewise
