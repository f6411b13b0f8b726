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
// and has mean 0 in the result. (scikit-learn's C is 1 / (penalty N).) x [N, D], y int64 [N] in
// [0, classes). UserError for no rows or labels out of range.
//
// By L-BFGS; products in double up to 16 million values, beyond in float, sums always in double.
// Where rows are plenty, it is preconditioned by the bound of Böhning (1992) on the Hessian,
// X'X / 2N + penalty, with X'X from a part of the rows: correlated features, pixels above all, then
// take tens of iterations instead of hundreds. With fewer rows than features the weights are looked for
// among combinations of the rows, where the minimum lies.
//
// Standardises once for any number of fits. Does not change after it was made.
class LogisticProblem {
 public:
  LogisticProblem(const Tensor& x, const Tensor& y, int64_t classes, bool standardise = true);
  // `start` continues from another fit's weights. options.standardise is not looked at.
  LogisticFit fit(const LogisticOptions& options, const LinearModel* start = nullptr) const;

 private:
  void turn_into_row_space();

  Tensor x_;       // float or double [N, D + 1], standardised, a column of ones last
  Tensor back_;    // double [D, R], orthonormal: then x_ is [N, R + 1] and weights are back_ w
  Tensor labels_;  // int64 [N]
  Tensor mean_, std_;
  Tensor moment_;  // double [D + 1, D + 1], x'x / rows; undefined: no preconditioning
  int64_t classes_;
};

// A problem that is solved once.
LogisticFit fit_logistic(const Tensor& x, const Tensor& y, int64_t classes,
                         const LogisticOptions& options = {}, const LinearModel* start = nullptr);

}  // namespace likewise
