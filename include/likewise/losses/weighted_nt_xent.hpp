#pragma once
// NT-Xent whose negatives are corrected: debiased, weighted by hardness, false ones left out.

#include "likewise/tensor.hpp"

namespace likewise {

struct WeightedNtXentOptions {
  double temperature = 0.5;
  bool decoupled = false;  // the positive stays out of the denominator
  double tau_plus = 0;     // assumed share of false negatives; 0: none
  double beta = 0;         // hardness: negatives weigh like exp(beta s / tau); 0: alike
  bool normalize = true;
};

// With e = exp(s/tau) over cosines, p the other view of anchor i and n its N_i negatives (all other
// views; with `groups` only those whose sample is of another group, see below):
//   S_i = sum_n w_n e_n,   w_n = N_i softmax_n(beta s_n / tau)
//   G_i = max((S_i - N_i tau_plus e_p) / (1 - tau_plus), N_i exp(-1/tau))     (if tau_plus > 0)
//   l_i = -log(e_p / (e_p + G_i)), or log(G_i / e_p) when decoupled;           mean over 2N anchors
//
// z0, z1 [N, D] of one type -> scalar. groups: int64 [N] or undefined; samples of equal group >= 0
// are never each other's negatives (false-negative removal). Without any of this it is nt_xent.
// Anchors that keep no negative count as 0.
//
// The gradient flows through the weights, as in the authors' code. O(N D) memory; beta > 0 costs a
// second pass. Sources: Chuang et al., "Debiased contrastive learning", NeurIPS 2020, equation 8;
// Robinson et al., "Contrastive learning with hard negative samples", ICLR 2021, equation 4;
// Huynh et al., "Boosting contrastive self-supervised learning with false negative cancellation",
// WACV 2022 (elimination).
Tensor weighted_nt_xent(const Tensor& z0, const Tensor& z1, const WeightedNtXentOptions& options,
                        const Tensor& groups = {});

// SogCLR: the denominators are moving averages over the run, one a sample, so that a small batch
// has the gradient of a large one in expectation.
//   g_i = mean_n exp(s_in/tau) of both views,   u <- (1 - gamma) u + gamma g   (u = g the first time)
//   L = mean_i [-s_ip + sum_n sg(exp(s_in/tau) / u_i) s_in / (2N - 2)] / tau
// z0, z1 [N, D]; log_u: float64 [samples], NaN where no value is yet, updated in place for the rows
// `index` int64 [N] when `update`. The value is that of the surrogate: only its gradient means
// something. Divided by tau it is at gamma = 1 the gradient of the decoupled loss.
// Source: Yuan et al., "Provable stochastic optimization for global contrastive learning: small
// batch does not harm performance", ICML 2022, algorithm 1.
Tensor sogclr(const Tensor& z0, const Tensor& z1, double temperature, double gamma, Tensor log_u,
              const Tensor& index, bool update = true);

}  // namespace likewise
