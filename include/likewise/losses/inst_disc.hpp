#pragma once
// Instance discrimination against a memory bank.

#include "likewise/tensor.hpp"

namespace likewise {

// Noise-contrastive form. With P = exp(v . z / tau) / Z and h = P / (P + m / n), v rows of the bank:
//   L = mean_i [-log h(own row) - sum over the m noise rows log(1 - h)]
// z [N, D] (normalised by the caller), bank [n, D], index int64 [N], noise int64 [N, m] drawn
// uniformly, it may hold the sample itself. log_z: log Z, estimated once, see below.
// Source: Wu et al., "Unsupervised feature learning via non-parametric instance discrimination",
// CVPR 2018, equations 4 to 7.
Tensor inst_disc_nce(const Tensor& z, const Tensor& bank, const Tensor& index, const Tensor& noise,
                     double temperature, double log_z);

// The authors' estimate of log Z from the first batch: n times the mean of exp(v . z / tau) over
// noise rows.
double inst_disc_log_z(const Tensor& z, const Tensor& bank, const Tensor& noise,
                       double temperature);

// The form of the viewmaker's authors: K bank rows drawn uniformly with replacement, the positive
// not in the denominator:
//   L = -mean_i [v_i . z_i / tau - log(1/K sum_k exp(v_k . z_i / tau))].   noise int64 [N, K]
Tensor inst_disc_viewmaker(const Tensor& z, const Tensor& bank, const Tensor& index,
                           const Tensor& noise, double temperature);

// Exact: the softmax over the whole bank, the positive in it. O((N + n) D) memory.
Tensor inst_disc_softmax(const Tensor& z, const Tensor& bank, const Tensor& index,
                         double temperature);

// bank rows `index` <- normalise(momentum row + (1 - momentum) z), in place.
void update_bank(Tensor bank, const Tensor& index, const Tensor& z, double momentum);

}  // namespace likewise
