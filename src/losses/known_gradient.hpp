#pragma once
// Losses whose gradient is found together with the value, in fewer passes than autograd takes.

#include "likewise/tensor.hpp"

namespace likewise {

// Whether anybody will ask for x's gradient.
bool wants_gradient(const Tensor& x);

// The scalar `value`, of a's type, whose gradients are `grad_a` for a and `grad_b` for b, computed
// already; undefined: none. It can be differentiated once.
Tensor with_gradient(double value, const Tensor& a, const Tensor& grad_a);
Tensor with_gradient(double value, const Tensor& a, const Tensor& grad_a, const Tensor& b,
                     const Tensor& grad_b);

}  // namespace likewise
