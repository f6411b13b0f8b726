#pragma once
// Softmax over rows, on the calling thread: the fits call it on small tables thousands of times,
// where waking other threads costs more than the work.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "likewise/tensor.hpp"

namespace likewise::eval_detail {

// Turns contiguous logits [N, K] of type Scalar into probabilities in place. Returns the sum over
// rows of -log p[label], or 0 without labels.
template <class Scalar>
double softmax_rows(Tensor& x, const int64_t* labels) {
  const int64_t n = x.size(0), k = x.size(1);
  Scalar* data = x.data_ptr<Scalar>();
  double loss = 0;
  for (int64_t i = 0; i < n; ++i) {
    Scalar* row = data + i * k;
    const Scalar top = *std::max_element(row, row + k);
    for (int64_t c = 0; c < k; ++c) row[c] -= top;
    if (labels != nullptr) loss -= row[labels[i]];
  }
  x.exp_();  // vectorised
  for (int64_t i = 0; i < n; ++i) {
    Scalar* row = data + i * k;
    double sum = 0;
    for (int64_t c = 0; c < k; ++c) sum += row[c];
    const double scale = 1 / sum;
    for (int64_t c = 0; c < k; ++c) row[c] = static_cast<Scalar>(row[c] * scale);
    if (labels != nullptr) loss += std::log(sum);
  }
  return loss;
}

}  // namespace likewise::eval_detail
