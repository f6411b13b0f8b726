#pragma once
// Two ways to NT-Xent's value and gradient with memory linear in N.

#include "likewise/losses/nt_xent.hpp"

namespace likewise {

struct NtXentParts {
  Tensor loss;            // scalar
  Tensor grad0, grad1;    // [N, D], undefined without gradient
  Tensor scale_gradient;  // scalar, d loss / d (1/tau), undefined without gradient
};

// z0, z1: float32, contiguous, on the processor. `across`: only views are compared with each other,
// not a view with itself (CLIP's loss).
NtXentParts nt_xent_kernel(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
                           double scale, bool with_gradient, bool across = false);

// z0, z1: float32 or float64, any device. Row blocks of `tile` against all rows.
NtXentParts nt_xent_aten(const Tensor& z0, const Tensor& z1, const NtXentOptions& options,
                         const Tensor& scale, bool with_gradient, int64_t tile = 512);

}  // namespace likewise
