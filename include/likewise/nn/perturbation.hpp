#pragma once
// What becomes of a viewmaker's output: a perturbation of a fixed size.

#include <string>

#include "likewise/tensor.hpp"

namespace likewise {

enum class PerturbationNorm { l1, l2, linf };
PerturbationNorm perturbation_norm(const std::string& name);  // "l1", "l2", "linf"; UserError else

// y [N, ...] -> delta of the same shape, with t = tanh(y) and means over all but the batch:
//
//   l1     delta = budget t / (mean |t| + 1e-4)           mean |delta| = budget a / (a + 1e-4)
//   l2     delta = budget t / (sqrt(mean t^2) + 1e-4)     root of mean delta^2, the same way
//   linf   delta = budget t                               max |delta| < budget
//
// l1 is the authors': a scaling onto the sphere, so that every sample uses its whole budget; single
// values may exceed it. The gradient flows through tanh and mean alike.
// Source: the code of Tamkin, Wu, Goodman, ICLR 2021; l2 and linf are ours.
Tensor bounded_perturbation(const Tensor& y, double budget,
                            PerturbationNorm norm = PerturbationNorm::l1);

// The orthonormal discrete cosine transform (DCT-II) over all dimensions behind the first two of
// [N, C, T] and [N, C, H, W], or the last of [N, D], as matrix products; and its inverse.
//   X_k = s_k sum_i x_i cos(pi k (i + 1/2) / n),   s_0 = sqrt(1/n), else sqrt(2/n)
Tensor cosine_transform(const Tensor& x);
Tensor inverse_cosine_transform(const Tensor& x);

}  // namespace likewise
