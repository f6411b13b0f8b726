#pragma once
// Classifiers on frozen features from a handful of labels a class.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/eval/logistic.hpp"
#include "likewise/tensor.hpp"

namespace likewise::fewshot {

struct FewLabelHeadOptions {
  double ridge = 1;
  double logistic = 1e-2;
  double laplacian = 0.7;
  int64_t neighbours = 3;
  double sharpness = 10;
  int64_t rounds = 20;
  template <class V>
  void fields(V& v) {
    v("ridge", ridge, "penalty of ridge, for rows of mean square length 1", range(1e-9, 1e9));
    v("logistic", logistic, "penalty of logistic, as in fit", range(1e-9, 1e9));
    v("laplacian", laplacian, "pull of a query's neighbours in laplacian", range(0, 1e3));
    v("neighbours", neighbours, "how many there are", range(1, 1000));
    v("sharpness", sharpness, "exponent of squared distances in transport", range(1e-3, 1e4));
    v("rounds", rounds, "rounds of laplacian and transport", range(1, 1000));
  }
};

// Rows x [n, D] float, y int64 [n] in [0, K), every class with a row.
//
// prototype: the class mean of the largest cosine; weights are the means of rows of length 1,
// divided by their length.
LinearModel prototype_head(const Tensor& x, const Tensor& y, int64_t classes);
// ridge: least squares to +1 for the class and -1 for the others,
//   min |X W + b - Y|^2 + penalty |W|^2
// over rows centred and divided by their root mean square length; by whichever of the two closed
// forms is smaller: (X'X + p)^-1 X'Y or X'(X X' + p)^-1 Y.
LinearModel ridge_head(const Tensor& x, const Tensor& y, int64_t classes, double penalty);

// Transductive heads: all queries [M, D] are judged together; -> double [M, K], rows sum to one.
// Rows are centred on the mean of support and queries and divided by their length.
//
// laplacian: p_q ~ exp(-|q - c_k|^2 + weight sum of p over q's nearest queries), repeated.
// Source: Ziko et al., "Laplacian regularized few-shot learning", ICML 2020.
Tensor laplacian_head(const Tensor& x, const Tensor& y, const Tensor& query, int64_t classes,
                      const FewLabelHeadOptions& options);
// transport: queries are dealt to classes by Sinkhorn's algorithm, as many to each, by
// exp(-sharpness |q - c_k|^2); means are moved toward what they got, repeated. It supposes that the
// queries are balanced. Source: Hu, Gripon, Pateux, "Leveraging the feature distribution in
// transfer-based few-shot learning", 2020.
Tensor transport_head(const Tensor& x, const Tensor& y, const Tensor& query, int64_t classes,
                      const FewLabelHeadOptions& options);

struct FewLabelHead {
  const char* name;
  const char* summary;
  // One of the two: a classifier of single rows, or the classes of many rows together.
  LinearModel (*fit)(const Tensor& x, const Tensor& y, int64_t classes,
                     const FewLabelHeadOptions& options);
  Tensor (*label)(const Tensor& x, const Tensor& y, const Tensor& query, int64_t classes,
                  const FewLabelHeadOptions& options);
  bool transductive() const { return label != nullptr; }
};
const std::vector<FewLabelHead>& few_label_heads();

// int64 [M]: what a head says of the queries.
Tensor head_answers(const FewLabelHead& head, const Tensor& x, const Tensor& y, const Tensor& query,
                    int64_t classes, const FewLabelHeadOptions& options);

}  // namespace likewise::fewshot
