#pragma once
// The spectral contrastive loss.

#include "likewise/tensor.hpp"

namespace likewise {

// L = -2/N sum_i z0_i . z1_i + 1/(N (N - 1)) sum_{i != j} (z0_i . z1_j)^2
// z0, z1 [N, D], N >= 2 -> scalar. Rows are not normalised; with radius mu > 0, rows longer than
// sqrt(mu) are first scaled down to it, and the loss is divided by mu (the authors' code).
// O(D^2 + N D) memory: sum_ij (z0_i . z1_j)^2 = <Z0^T Z0, Z1^T Z1>.
// Its minimisers span the top eigenvectors of the augmentation graph.
// Source: HaoChen et al., "Provable guarantees for self-supervised deep learning with spectral
// contrastive loss", NeurIPS 2021, equation 6.
Tensor spectral_contrastive(const Tensor& z0, const Tensor& z1, double mu = 0);

}  // namespace likewise
