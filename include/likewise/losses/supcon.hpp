#pragma once
// Supervised contrastive losses: all samples of a class are each other's positives.

#include "likewise/tensor.hpp"

namespace likewise {

enum class SupConForm {
  kOut,     // mean over positives of -log softmax (the paper's choice)
  kIn,      // -log of the mean over positives of the softmax
  kApart,   // each positive against the other classes only: other positives leave the denominator
};

// z [N, D], rows normalised inside; labels int64 [N]; P(i) = samples of i's label but i itself, a
// label below 0 is shared with nobody. With s = cosine / temperature and A(i) all but i:
//   kOut:   l_i = -1/|P(i)| sum_{p in P(i)} log(exp(s_ip) / sum_{a in A(i)} exp(s_ia))
//   kIn:    l_i = -log(1/|P(i)| sum_{p in P(i)} exp(s_ip) / sum_{a in A(i)} exp(s_ia))
//   kApart: mean over all ordered pairs (i, p) of -log(e_ip / (e_ip + sum of other classes e_in))
// Mean over the anchors that have a positive (0 if none has). O(N D) memory for the first two;
// kApart holds the pairs of equal labels.
// Source: Khosla et al., "Supervised contrastive learning", NeurIPS 2020, equations 2 and 3. The
// authors' code multiplies by temperature / 0.07 and divides by all anchors. Two views of N samples:
// give [2N, D] and labels twice; with labels all different it is NT-Xent.
Tensor supcon(const Tensor& z, const Tensor& labels, double temperature,
              SupConForm form = SupConForm::kOut);

}  // namespace likewise
