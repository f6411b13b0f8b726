#pragma once
// How many directions a table of features really uses, without labels.

#include "likewise/tensor.hpp"

namespace likewise {

struct Spectrum {
  // exp(-sum p log p), p = s / sum(s) + 1e-7 over the singular values s, not centred.
  // Garrido et al. 2023, arXiv 2210.02885. About 1 when collapsed, at most min(N, D).
  double rankme = 0;
  double effective_rank = 0;       // the same without 1e-7; Roy and Vetterli 2007
  double participation_ratio = 0;  // (sum l)^2 / sum l^2, l the eigenvalues of the covariance
};

// x [N, D], N >= 2. All zero: ranks 0. Computed in double.
Spectrum spectrum(const Tensor& x);

// Mean over dimensions of the deviation (biased) of L2-normalised rows. 0 when all rows point the
// same way; 1 / sqrt(D) when directions are spread evenly. Chen and He 2021, arXiv 2011.10566.
double unit_std(const Tensor& x);

}  // namespace likewise
