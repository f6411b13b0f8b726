#pragma once
// Cross-entropy of similarities between queries and keys: InfoNCE in all the forms that queues,
// banks, text and labels give it.

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct InfoNceOptions {
  double temperature = 0.1;
  bool decoupled = false;
  bool normalize = true;
  template <class V>
  void fields(V& v) {
    v("temperature", temperature, "similarities are divided by it; ignored when it is learned",
      range(1e-3, 1e3));
    v("decoupled", decoupled, "leave the positives out of the denominator");
    v("normalize", normalize, "compare directions: divide embeddings by their length");
  }
};

// Which key is what to which query. Undefined members do not take part; with none of positive,
// positive_key and attracting groups, key i is the positive of query i (then N = M).
struct InfoNcePairs {
  Tensor positive{};      // [N] int64, the key that is the query's own positive; -1: none
  Tensor positive_key{};  // [N, D], own positives that are not among the keys (MoCo); not with
                          // `positive`
  Tensor self{};          // [N] int64, the key that is the query itself and takes no part; -1: none
  Tensor query_group{};   // [N] int64, classes or sources; below 0: none
  Tensor key_group{};     // [M] int64, given together with query_group
  bool groups_attract = true;  // keys of the query's group are positives, else left out altogether
  Tensor key_log_weight{};     // [M], added to the exponents: a key counts exp of it times
};

// Queries q [N, D] shall be more alike to their positives than to other keys k [M, D]. Rows divided
// by their norms, s_ij = q_i . k_j, c = 1/tau, b_j = key_log_weight:
//   l_i = -c mean_{p in P_i} s_ip + log sum_{j in A_i} exp(c s_ij + b_j)          -> scalar, mean
// P_i: the own positive and, with groups that attract, all other keys of the query's group.
// A_i: all of P_i and all keys but `self`; without P_i when decoupled; without the keys of the
// query's group, but with the own positive, when groups do not attract (false negatives). Queries
// without a positive, and when decoupled without a negative, are left out of the mean; 0 if there
// are no others.
//
// MoCo: {.positive_key = k} and the queue as keys. CLIP: clip_loss. SupCon: sup_con, whose mean of
// logarithms is "L_out". NT-Xent is faster as nt_xent, which uses its symmetry.
//
// q, k, positive_key of one floating type and device. `log_inverse_temperature` as in nt_xent.
// Gradients for q, k, positive_key and the temperature, each only where asked for: give queues and
// banks detached. float32 (and half types, converted) on the processor run in a kernel of our own:
// exact, O((N + M) D) memory, the same bits for any number of threads; other types and devices in
// info_nce_plain. Derivatives of the gradient are those of info_nce_plain.
// Errors: UserError on shapes, types, indices out of range.
//
// Scale: that of lightly's NTXentLoss with a memory bank, of pytorch-metric-learning's SupConLoss,
// and of open_clip (clip_loss); the authors' SupCon multiplies by tau / 0.07.
// Sources: van den Oord et al. 2018 (arXiv 1807.03748), equation 4; He et al. 2020 (1911.05722),
// equation 1; Khosla et al. 2020 (2004.11362), equation 2; Radford et al. 2021 (2103.00020).
Tensor info_nce(const Tensor& q, const Tensor& k, const InfoNcePairs& pairs = {},
                const InfoNceOptions& options = {}, const Tensor& log_inverse_temperature = {});

// The same as one chain of tensor operations: O(N M) memory, any type, any number of derivatives.
// The slow twin of info_nce.
Tensor info_nce_plain(const Tensor& q, const Tensor& k, const InfoNcePairs& pairs = {},
                      const InfoNceOptions& options = {},
                      const Tensor& log_inverse_temperature = {});

// Both directions: the mean of info_nce(a, b) and info_nce(b, a), where row i of a and row i of b
// belong together. With groups [N] (equal captions, equal images), the other rows of a group are no
// negatives. a, b [N, D] -> scalar.
Tensor clip_loss(const Tensor& a, const Tensor& b, const InfoNceOptions& options = {},
                 const Tensor& log_inverse_temperature = {}, const Tensor& groups = {});

// Supervised contrastive loss of two views: all 2N rows are queries and keys, positives are the
// other view and all rows of the same label. z0, z1 [N, D], labels [N] int64, below 0: unknown,
// only the other view is a positive -> scalar.
Tensor sup_con(const Tensor& z0, const Tensor& z1, const Tensor& labels,
               const InfoNceOptions& options = {}, const Tensor& log_inverse_temperature = {});

}  // namespace likewise
