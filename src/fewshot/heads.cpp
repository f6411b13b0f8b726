#include "likewise/fewshot/heads.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "likewise/eval/scores.hpp"

namespace likewise::fewshot {

namespace {

Tensor class_columns(const Tensor& y, int64_t classes) {  // double [n, K]
  return at::zeros({y.size(0), classes}, at::kDouble).scatter_(1, y.unsqueeze(1), 1);
}

Tensor unit(const Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-12); }

// Sums of rows by class over their weights: w [n, K], x [n, D] -> [K, D].
Tensor weighted_means(const Tensor& w, const Tensor& x) {
  return at::matmul(w.t(), x) / w.sum(0).clamp_min(1e-12).unsqueeze(1);
}

Tensor squared_distances(const Tensor& a, const Tensor& b) {  // [n, m]
  return (a.pow(2).sum(1, true) + b.pow(2).sum(1).unsqueeze(0) - 2 * at::matmul(a, b.t()))
      .clamp_min(0);
}

struct Centred {
  Tensor support, query;
};

Centred centred(const Tensor& x, const Tensor& query) {
  const Tensor s = unit(x.to(at::kDouble)), q = unit(query.to(at::kDouble));
  const Tensor middle = at::cat({s, q}).mean(0, true);
  return {unit(s - middle), unit(q - middle)};
}

}  // namespace

LinearModel prototype_head(const Tensor& x, const Tensor& y, int64_t classes) {
  const at::NoGradGuard no_grad;
  const Tensor means = unit(weighted_means(class_columns(y, classes), unit(x.to(at::kDouble))));
  return {means.t().contiguous(), at::zeros({classes}, at::kDouble),
          at::zeros({x.size(1)}, at::kDouble), at::ones({x.size(1)}, at::kDouble)};
}

LinearModel ridge_head(const Tensor& x, const Tensor& y, int64_t classes, double penalty) {
  const at::NoGradGuard no_grad;
  const Tensor wide = x.to(at::kDouble);
  const Tensor mean = wide.mean(0);
  const double length = std::max(1e-12, (wide - mean).pow(2).sum(1).mean().sqrt().item<double>());
  const Tensor rows = (wide - mean) / length;
  const Tensor target = 2 * class_columns(y, classes) - 1, bias = target.mean(0);
  const int64_t n = rows.size(0), d = rows.size(1);
  Tensor weight;  // rows are centred, so the bias is the mean of the targets
  if (n < d) {
    const Tensor gram = at::matmul(rows, rows.t()) + penalty * at::eye(n, at::kDouble);
    weight = at::matmul(rows.t(), at::linalg_solve(gram, target - bias));
  } else {
    const Tensor moment = at::matmul(rows.t(), rows) + penalty * at::eye(d, at::kDouble);
    weight = at::linalg_solve(moment, at::matmul(rows.t(), target - bias));
  }
  return {weight.contiguous(), bias, mean, length * at::ones({d}, at::kDouble)};
}

Tensor laplacian_head(const Tensor& x, const Tensor& y, const Tensor& query, int64_t classes,
                      const FewLabelHeadOptions& options) {
  const at::NoGradGuard no_grad;
  const Centred rows = centred(x, query);
  const Tensor means = weighted_means(class_columns(y, classes), rows.support);
  const Tensor unary = squared_distances(rows.query, means);  // [M, K]
  const int64_t m = rows.query.size(0), k = std::min(options.neighbours, m - 1);
  Tensor p = at::softmax(-unary, 1);
  if (k < 1) return p;
  Tensor far = squared_distances(rows.query, rows.query);
  far.fill_diagonal_(1e30);
  const Tensor nearest = std::get<1>(at::topk(far, k, 1, false));  // [M, k]
  Tensor affinity = at::zeros({m, m}, at::kDouble).scatter_(1, nearest, 1);
  affinity = (affinity + affinity.t()) / 2;
  for (int64_t round = 0; round < options.rounds; ++round) {
    p = at::softmax(options.laplacian * at::matmul(affinity, p) - unary, 1);
  }
  return p;
}

Tensor transport_head(const Tensor& x, const Tensor& y, const Tensor& query, int64_t classes,
                      const FewLabelHeadOptions& options) {
  constexpr int64_t kSinkhorn = 50;
  constexpr double kMove = 0.3;
  const at::NoGradGuard no_grad;
  const Centred rows = centred(x, query);
  const Tensor known = class_columns(y, classes);
  const auto m = static_cast<double>(rows.query.size(0));
  Tensor means = weighted_means(known, rows.support), p;
  for (int64_t round = 0; round < options.rounds; ++round) {
    const Tensor cost = squared_distances(rows.query, means);
    p = at::softmax(-options.sharpness * cost, 1);
    for (int64_t i = 0; i < kSinkhorn; ++i) {  // columns of M / K, then rows of 1
      p = p * (m / static_cast<double>(classes) / p.sum(0, true).clamp_min(1e-30));
      p = p / p.sum(1, true).clamp_min(1e-30);
    }
    const Tensor both = weighted_means(at::cat({known, p}), at::cat({rows.support, rows.query}));
    means = means + kMove * (both - means);
  }
  return p;
}

const std::vector<FewLabelHead>& few_label_heads() {
  static const std::vector<FewLabelHead> table = {
      {"prototype", "the class mean of the largest cosine",
       [](const Tensor& x, const Tensor& y, int64_t classes, const FewLabelHeadOptions&) {
         return prototype_head(x, y, classes);
       },
       nullptr},
      {"ridge", "least squares with a penalty",
       [](const Tensor& x, const Tensor& y, int64_t classes, const FewLabelHeadOptions& options) {
         return ridge_head(x, y, classes, options.ridge);
       },
       nullptr},
      {"logistic", "logistic regression with a penalty",
       [](const Tensor& x, const Tensor& y, int64_t classes, const FewLabelHeadOptions& options) {
         LogisticOptions how;
         how.penalty = options.logistic;
         return fit_logistic(x, y, classes, how).model;
       },
       nullptr},
      {"laplacian", "means, and neighbours that agree (transductive)", nullptr, laplacian_head},
      {"transport", "equally many queries to each class by optimal transport (transductive)",
       nullptr, transport_head},
  };
  return table;
}

Tensor head_answers(const FewLabelHead& head, const Tensor& x, const Tensor& y, const Tensor& query,
                    int64_t classes, const FewLabelHeadOptions& options) {
  if (head.transductive()) {
    return first_largest(head.label(x, y, query, classes, options).contiguous());
  }
  return head.fit(x, y, classes, options).predict(query);
}

}  // namespace likewise::fewshot
