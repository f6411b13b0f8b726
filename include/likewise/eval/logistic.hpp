#pragma once
// Multinomial logistic regression: the linear classifier of every probe, fitted to its minimum.

#include <cstdint>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// logits = (x - mean) / std · weight + bias
struct LinearModel {
  Tensor weight;  // double [D, K]
  Tensor bias;    // double [K]
  Tensor mean;    // double [D]
  Tensor std;     // double [D]

  Tensor logits(const Tensor& x) const;         // [N, D] -> float [N, K]
  Tensor probabilities(const Tensor& x) const;  // float [N, K], rows sum to one
  Tensor predict(const Tensor& x) const;        // int64 [N]
};

struct LogisticOptions {
  double penalty = 1e-2;
  int64_t max_iterations = 500;
  double tolerance = 1e-5;
  bool standardise = true;
  template <class V>
  void fields(V& v) {
    v("penalty", penalty, "L2 on the weights: mean loss + penalty / 2 |W|^2", range(0, 1e6));
    v("max_iterations", max_iterations, "L-BFGS iterations at most", range(1, 1e6));
    v("tolerance", tolerance, "stop at this largest gradient", range(1e-14, 1));
    v("standardise", standardise, "subtract mean and divide by deviation of the training rows");
  }
};

struct LogisticFit {
  LinearModel model;
  double objective = 0;
  double gradient_max = 0;
  int64_t iterations = 0;
  bool converged = false;
};

// Mean and deviation of the rows, for `LinearModel`. A dimension that hardly varies (deviation
// below 1e-4 of the root mean square deviation) is divided by that bound, a constant table by one.
void standardisation(const Tensor& x, Tensor& mean, Tensor& std);

// min over W, b of  1/N sum_i -log softmax(x_i W + b)[y_i] + penalty/2 |W|^2; b is not penalised
// and has mean 0 in the result. (scikit-learn's C is 1 / (penalty N).) Computed in double, by
// L-BFGS. x [N, D], y int64 [N] in [0, classes). `start` continues from another fit's weights.
// UserError for no rows or labels out of range.
LogisticFit fit_logistic(const Tensor& x, const Tensor& y, int64_t classes,
                         const LogisticOptions& options = {}, const LinearModel* start = nullptr);

}  // namespace likewise
