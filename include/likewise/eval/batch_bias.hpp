#pragma once
// How much a small batch under-estimates a contrastive loss.

#include <cstdint>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct BatchBias {
  int64_t negatives = 0;   // m: of a batch
  double estimate = 0;     // E log mean over m drawn negatives of exp(s/tau), nats
  double gap = 0;          // full value - estimate, nats
  double gap_error = 0;    // standard error of the gap
};

struct BatchBiasReport {
  double full = 0;                // mean over anchors of log mean over all others of exp(s/tau)
  std::vector<BatchBias> sizes;   // in the order asked
  double slope = 0;               // of log gap against log m by least squares; NaN: a gap is not positive
  // Relative variance of exp(s/tau) over the negatives of an anchor, mean: gap ~ variance / (2 m).
  double relative_variance = 0;
};

// Denominators estimated from m of the M - 1 negatives are too small on average, since the logarithm
// is concave (Jensen): E log mean_m <= log mean, and the gap is Var(e)/(2 m mean(e)^2) + O(1/m^2).
// z [M, d], rows normalised inside; `anchors` rows are looked at, each with `draws` draws with
// replacement for every m. Source of the argument: any bound by Jensen's inequality; in contrastive
// learning Yuan et al., ICML 2022 (SogCLR) and Yeh et al., ECCV 2022 (DCL).
BatchBiasReport batch_bias(const Tensor& z, double temperature, const std::vector<int64_t>& sizes,
                           int64_t anchors, int64_t draws, Rng& rng);

}  // namespace likewise
