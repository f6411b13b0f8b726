#pragma once
// Log-sum-exp of similarities, row by row, in linear memory: what every cross-entropy over
// similarities is made of.

#include "likewise/tensor.hpp"

namespace likewise {

// Which keys count for a query. Everything undefined: all of them.
struct KeyMask {
  enum class Keep { kAll, kSame, kOther };

  // int64 [N] and [M]: a key of the query's own index is left out, such as the sample itself.
  Tensor query_index, key_index;
  // int64 [N] and [M]: kSame keeps the keys of the query's group, kOther those of other groups. A
  // group below 0 is equal to none.
  Tensor query_group, key_group;
  Keep keep = Keep::kAll;
};

// r_i = log sum_j exp(scale q_i . k_j), over the keys that the mask keeps; -infinity where it keeps
// none, and no gradient there. q [N, D], k [M, D], scale a scalar tensor above 0 -> [N], of q's
// type. Rows are taken as they are: normalise them first for cosines.
//
// Exact in O((N + M) D) memory: similarities exist as tiles of rows, made once for the value and
// once for the gradient. Safe for any scale: each row's largest term is taken out. Gradients flow
// to q, k and scale, once; similarity_lse_plain can be differentiated any number of times.
Tensor similarity_lse(const Tensor& q, const Tensor& k, const Tensor& scale,
                      const KeyMask& mask = {});

// The same for several scales [S] out of one set of similarities. -> [S, N]
Tensor similarity_lses(const Tensor& q, const Tensor& k, const Tensor& scales,
                       const KeyMask& mask = {});

// The same with the whole matrix at once: the slow twin.
Tensor similarity_lse_plain(const Tensor& q, const Tensor& k, const Tensor& scale,
                            const KeyMask& mask = {});

// x / max(|x|, 1e-12), row by row. [N, D]
Tensor unit_rows(const Tensor& x);

// A scalar tensor of z's type and device.
Tensor scalar_like(double value, const Tensor& z);

// mean over i of -p_i + log(e^{p_i} + e^{r_i}): cross-entropy of a positive's logit p [N] against
// the log-sum-exp r [N] of the negatives. r_i = -infinity gives 0.
Tensor positive_against(const Tensor& positive, const Tensor& negatives);

}  // namespace likewise
