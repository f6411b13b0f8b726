#pragma once
// NT-Xent, the loss of SimCLR, and its decoupled forms.

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct NtXentOptions {
  double temperature = 0.5;
  bool decoupled = false;
  double decoupled_sigma = 0;
  bool normalize = true;
  template <class V>
  void fields(V& v) {
    v("temperature", temperature, "similarities are divided by it; ignored when it is learned",
      range(1e-3, 1e3));
    v("decoupled", decoupled,
      "leave the positive out of the denominator (DCL); suits small batches");
    v("decoupled_sigma", decoupled_sigma,
      "DCLW: weigh hard positives more, softly at a large value (paper 0.5); 0: all alike",
      range(0, 1e6));
    v("normalize", normalize, "compare directions: divide embeddings by their length");
  }
};

// Two views of a sample shall be more alike than views of different samples. With the 2N rows of z0
// and z1 divided by their norms, s_ij their inner products, p(i) the other view of i:
//   l_i = -s_ip/tau + log sum_{j != i} exp(s_ij/tau),       mean over the 2N anchors.
// `decoupled` sums over j not in {i, p(i)}; with `decoupled_sigma` the first term is multiplied by
// w_i = 2 - N softmax_i(s_ip/sigma), which the gradient takes as a constant.
//
// z0, z1 [N, D] of one dtype and device -> scalar. `log_inverse_temperature`, a scalar tensor
// t = log(1/tau), replaces options.temperature when defined; exp(t) is kept at 100 or below, and
// beyond that its gradient is zero. N = 1 gives 0, or an error when decoupled: no negatives.
//
// Exact, in O(N D) memory: the N^2 similarities exist only as tiles. float32 on the processor runs
// in a kernel of our own, whose result does not depend on the number of threads; other types and
// devices in tiles of ATen (half types compute in float32). The gradient is made in the forward
// pass and can be differentiated no further: nt_xent_plain can.
//
// Scale: SimCLR's code and lightly's NTXentLoss, DCLLoss, DCLWLoss give the same number.
// Sources: Chen et al., ICML 2020 (arXiv 2002.05709), equation 1; Yeh et al., ECCV 2022 (arXiv
// 2110.06848), equations 6 and 7; learned temperature: Radford et al., ICML 2021 (CLIP).
Tensor nt_xent(const Tensor& z0, const Tensor& z1, const NtXentOptions& options = {},
               const Tensor& log_inverse_temperature = {});

// The same as one chain of tensor operations that holds the whole matrix: O(N^2) memory, any number
// of derivatives. The slow twin of nt_xent.
Tensor nt_xent_plain(const Tensor& z0, const Tensor& z1, const NtXentOptions& options = {},
                     const Tensor& log_inverse_temperature = {});

}  // namespace likewise
