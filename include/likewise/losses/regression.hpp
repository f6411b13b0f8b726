#pragma once
// Losses without negatives: predict the other view.

#include "likewise/tensor.hpp"

namespace likewise {

// -mean_i cos(p_i, z_i), the norms at least 1e-8. p, z [N, D] -> scalar. No gradient is stopped
// here. SimSiam: the mean over both directions (Chen & He, CVPR 2021, equation 2). BYOL: 2 + 2
// times this, summed over both directions (Grill et al., NeurIPS 2020, equation 2): in [0, 8].
Tensor negative_cosine(const Tensor& p, const Tensor& z);

}  // namespace likewise
