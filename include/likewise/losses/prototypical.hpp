#pragma once
// Classification by the nearest class mean.

#include "likewise/tensor.hpp"

namespace likewise {

// Logits of queries against the means of their ways' supports: -|q - c_k|^2, or with a temperature
// above 0 the cosine form q . c_k / temperature over normalised rows, c_k the mean of the
// normalised support. support [W, S, D], query [W, Q, D] -> [W Q, W], way-major. Source: Snell,
// Swersky, Zemel, "Prototypical networks for few-shot learning", NeurIPS 2017, equations 1 and 2.
// With S = Q = 1 the cosine form is InfoNCE across views.
Tensor prototype_logits(const Tensor& support, const Tensor& query, double temperature = 0);

// Cross-entropy of those logits, the mean over all queries. O((W S + W Q) D) memory.
Tensor prototypical(const Tensor& support, const Tensor& query, double temperature = 0);

}  // namespace likewise
