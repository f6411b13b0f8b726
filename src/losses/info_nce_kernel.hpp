#pragma once
// InfoNCE by the kernel: value and gradients as tensors.

#include "likewise/losses/contrastive.hpp"

namespace likewise {

struct InfoNceWants {
  bool q, k, positive_key, scale;
  bool any() const { return q || k || positive_key || scale; }
};

struct InfoNceParts {
  Tensor loss;                // scalar
  Tensor q, k, positive_key;  // gradients, undefined where not wanted
  double scale_gradient;      // d loss / d (1/tau), 0 if nothing is wanted
};

// Everything checked; embeddings float32, contiguous, on the processor.
InfoNceParts info_nce_kernel(const Tensor& q, const Tensor& k, const InfoNcePairs& pairs,
                             const InfoNceOptions& options, double scale, InfoNceWants wants);

}  // namespace likewise
