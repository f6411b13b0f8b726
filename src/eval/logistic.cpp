#include "likewise/eval/logistic.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <vector>

#include "eval/softmax.hpp"
#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/lbfgs.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {
namespace {

constexpr int64_t kRowTile = 1024;
constexpr int64_t kMostDoubles = int64_t{1} << 24;  // values of a table of doubles
constexpr double kFloatRounding = 1e-8;             // of a mean loss that floats went into
constexpr int64_t kMostPreconditionedDimensions = 4096;

// Standardised rows with a column of ones, so that the bias is one more row of the weights.
Tensor augmented(const Tensor& x, const Tensor& mean, const Tensor& std) {
  const int64_t n = x.size(0), d = x.size(1);
  const bool wide = n * (d + 1) <= kMostDoubles;
  Tensor out = at::empty({n, d + 1}, wide ? at::kDouble : at::kFloat);
  const float* in = x.data_ptr<float>();
  const double* m = mean.data_ptr<double>();
  const double* s = std.data_ptr<double>();
  const auto fill = [&](auto* data) {
    using Scalar = std::remove_pointer_t<decltype(data)>;
    eval_detail::for_each_tile(n, kRowTile, [&](int64_t begin, int64_t end, int64_t) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t j = 0; j < d; ++j) {
          data[i * (d + 1) + j] = static_cast<Scalar>((in[i * d + j] - m[j]) / s[j]);
        }
        data[i * (d + 1) + d] = 1;
      }
    });
  };
  if (wide) {
    fill(out.data_ptr<double>());
  } else {
    fill(out.data_ptr<float>());
  }
  return out;
}

// Sum of the losses of rows [begin, end); adds their gradient to `gradient` [D + 1, K]. `weights`
// have the type of x [R, D + 1].
double tile_loss(const Tensor& x, const int64_t* labels, const Tensor& weights, Tensor& gradient) {
  Tensor p = eval_detail::mm(x, weights).to(at::kDouble).contiguous();  // [R, K]
  const double loss = eval_detail::softmax_rows<double>(p, labels);
  const int64_t k = p.size(1);
  double* data = p.data_ptr<double>();
  for (int64_t i = 0; i < p.size(0); ++i) data[i * k + labels[i]] -= 1;
  gradient.add_(eval_detail::mm(p.to(x.scalar_type()).t(), x).t());  // x is read along its rows
  return loss;
}

// x'x / R of every n-th row [D + 1], of at least four times as many rows as columns. Column blocks
// in parallel: equal bits for any number of threads.
Tensor second_moment(const Tensor& x) {
  const int64_t n = x.size(0), columns = x.size(1);
  const int64_t step = std::max<int64_t>(1, n / std::max<int64_t>(4 * columns, 4096));
  const Tensor rows = x.slice(0, 0, n, step).to(at::kDouble).contiguous();
  Tensor out = at::empty({columns, columns}, at::kDouble);
  eval_detail::for_each_tile(columns, 128, [&](int64_t begin, int64_t end, int64_t) {
    out.slice(1, begin, end).copy_(eval_detail::mm(rows.t(), rows.slice(1, begin, end)));
  });
  return out.div_(static_cast<double>(rows.size(0)));
}

// v -> (moment / 2 + penalty)^-1 v for every class, or nothing where that has no Cholesky factor.
std::function<void(std::vector<double>&)> preconditioner(const Tensor& moment, int64_t classes,
                                                         double penalty) {
  if (!moment.defined()) return {};
  const int64_t columns = moment.size(0);
  Tensor bound = moment.div(2);
  // The last column, the bias, has no penalty; its second moment is one.
  bound.diagonal().slice(0, 0, columns - 1).add_(penalty + 1e-9);
  const auto [factor, info] = at::linalg_cholesky_ex(bound);
  if (info.item<int>() != 0) return {};
  return [factor = factor, columns, classes](std::vector<double>& v) {
    const Tensor right = at::from_blob(v.data(), {columns, classes}, at::kDouble);
    right.copy_(at::cholesky_solve(right, factor));
  };
}

class SoftmaxObjective {
 public:
  SoftmaxObjective(Tensor x, const Tensor& y, int64_t classes, double penalty)
      : x_(std::move(x)), labels_(y.data_ptr<int64_t>()), classes_(classes), penalty_(penalty) {
    const int64_t n = x_.size(0);
    // At most 16 partial gradients, whose number depends on N alone.
    chunk_ = std::max(kRowTile, (n + 15) / 16);
  }

  double operator()(const std::vector<double>& w, std::vector<double>& gradient) const {
    const int64_t n = x_.size(0), rows = x_.size(1);
    const Tensor weights =
        at::from_blob(const_cast<double*>(w.data()), {rows, classes_}, at::kDouble)
            .to(x_.scalar_type());
    const auto chunks = static_cast<size_t>((n + chunk_ - 1) / chunk_);
    std::vector<double> losses(chunks);
    std::vector<Tensor> gradients(chunks);
    eval_detail::for_each_tile(n, chunk_, [&](int64_t begin, int64_t end, int64_t c) {
      Tensor sum = at::zeros({rows, classes_}, at::kDouble);
      double loss = 0;
      for (int64_t i = begin; i < end; i += kRowTile) {
        loss += tile_loss(x_.slice(0, i, std::min(end, i + kRowTile)), labels_ + i, weights, sum);
      }
      losses[static_cast<size_t>(c)] = loss;
      gradients[static_cast<size_t>(c)] = sum;
    });
    gradient.assign(w.size(), 0);
    double loss = 0, squares = 0;
    const double scale = 1 / static_cast<double>(n);
    for (size_t c = 0; c < chunks; ++c) {
      loss += losses[c];
      const double* part = gradients[c].data_ptr<double>();
      for (size_t i = 0; i < w.size(); ++i) gradient[i] += scale * part[i];
    }
    const auto penalised = static_cast<size_t>((rows - 1) * classes_);
    for (size_t i = 0; i < penalised; ++i) {
      gradient[i] += penalty_ * w[i];
      squares += w[i] * w[i];
    }
    return scale * loss + penalty_ / 2 * squares;
  }

 private:
  Tensor x_;
  const int64_t* labels_;
  int64_t classes_, chunk_ = 0;
  double penalty_;
};

}  // namespace

void standardisation(const Tensor& x, Tensor& mean, Tensor& std) {
  const Tensor rows = eval_detail::as_features(x, "features");
  const int64_t n = rows.size(0), d = rows.size(1);
  if (n == 0) throw UserError("there are no rows to standardise");
  const float* data = rows.data_ptr<float>();
  mean = at::zeros({d}, at::kDouble);
  std = at::zeros({d}, at::kDouble);
  double* m = mean.data_ptr<double>();
  double* s = std.data_ptr<double>();
  // Columns in parallel, rows in order: the sums do not depend on the number of threads.
  eval_detail::for_each_tile(d, 64, [&](int64_t begin, int64_t end, int64_t) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = begin; j < end; ++j) m[j] += data[i * d + j];
    }
    for (int64_t j = begin; j < end; ++j) m[j] /= static_cast<double>(n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = begin; j < end; ++j) {
        const double e = data[i * d + j] - m[j];
        s[j] += e * e;
      }
    }
  });
  double total = 0;
  for (int64_t j = 0; j < d; ++j) total += s[j] / static_cast<double>(n);
  const double rms = std::sqrt(total / static_cast<double>(std::max<int64_t>(d, 1)));
  const double least = rms > 0 ? 1e-4 * rms : 1;
  for (int64_t j = 0; j < d; ++j) s[j] = std::max(std::sqrt(s[j] / static_cast<double>(n)), least);
}

LogisticProblem::LogisticProblem(const Tensor& x, const Tensor& y, int64_t classes,
                                 bool standardise)
    : classes_(classes) {
  const eval_detail::SerialBlas serial;
  const Tensor rows = eval_detail::as_features(x, "features");
  const int64_t n = rows.size(0), d = rows.size(1);
  labels_ = eval_detail::as_labels(y, n, "labels");
  if (n == 0) throw UserError("logistic regression needs at least one labelled row");
  for (int64_t i = 0; i < n; ++i) {
    const int64_t label = labels_.data_ptr<int64_t>()[i];
    if (label < 0 || label >= classes) {
      throw UserError("label {} in row {} is outside of the {} classes", label, i, classes);
    }
  }
  if (standardise) {
    standardisation(rows, mean_, std_);
  } else {
    mean_ = at::zeros({d}, at::kDouble);
    std_ = at::ones({d}, at::kDouble);
  }
  x_ = augmented(rows, mean_, std_);
  if (n < d) turn_into_row_space();
  if (n >= 2 * d && d <= kMostPreconditionedDimensions) moment_ = second_moment(x_);
}

void LogisticProblem::turn_into_row_space() {
  const int64_t d = x_.size(1) - 1;
  const Tensor rows = x_.slice(1, 0, d).to(at::kDouble);
  const auto [values, vectors] =
      at::linalg_eigh(eval_detail::mm(rows, rows.t()), "L");  // ascending
  constexpr double kSmallest = 1e-12;  // of the largest: directions that are rounding only
  const double least = kSmallest * values[-1].item<double>();
  int64_t first = 0;
  while (first + 1 < values.size(0) && !(values[first].item<double>() > least)) ++first;
  const Tensor roots = values.slice(0, first).clamp_min(1e-300).sqrt();
  const Tensor kept = vectors.slice(1, first);
  back_ = eval_detail::mm(rows.t(), kept.div(roots));
  x_ = at::cat({kept.mul(roots), x_.slice(1, d).to(at::kDouble)}, 1).contiguous();
}

LogisticFit LogisticProblem::fit(const LogisticOptions& options, const LinearModel* start) const {
  const eval_detail::SerialBlas serial;
  const int64_t d = x_.size(1) - 1;
  Tensor w = at::zeros({d + 1, classes_}, at::kDouble);
  if (start != nullptr) {
    LIKEWISE_CHECK(start->weight.size(0) == mean_.size(0) && start->weight.size(1) == classes_,
                   "start [{}, {}], fit [{}, {}]", start->weight.size(0), start->weight.size(1),
                   mean_.size(0), classes_);
    w.slice(0, 0, d).copy_(back_.defined() ? eval_detail::mm(back_.t(), start->weight)
                                           : start->weight);
    w[d].copy_(start->bias);
  }
  const SoftmaxObjective objective(x_, labels_, classes_, options.penalty);
  LbfgsOptions how;
  how.max_iterations = options.max_iterations;
  how.tolerance = options.tolerance;
  how.precondition = preconditioner(moment_, classes_, options.penalty);
  if (x_.scalar_type() == at::kFloat) how.rounding = kFloatRounding;
  const Minimum minimum =
      lbfgs([&](const auto& at_point, auto& g) { return objective(at_point, g); },
            std::vector<double>(w.data_ptr<double>(), w.data_ptr<double>() + w.numel()), how);

  LogisticFit fit;
  fit.objective = minimum.value;
  fit.gradient_max = minimum.gradient_max;
  fit.iterations = minimum.iterations;
  fit.converged = minimum.converged;
  LinearModel& model = fit.model;
  model.mean = mean_;
  model.std = std_;
  std::copy(minimum.x.begin(), minimum.x.end(), w.data_ptr<double>());
  const Tensor weight = w.slice(0, 0, d);
  model.weight = back_.defined() ? eval_detail::mm(back_, weight) : weight.clone();
  model.bias = w[d] - w[d].mean();
  return fit;
}

LogisticFit fit_logistic(const Tensor& x, const Tensor& y, int64_t classes,
                         const LogisticOptions& options, const LinearModel* start) {
  return LogisticProblem(x, y, classes, options.standardise).fit(options, start);
}

Tensor LinearModel::logits(const Tensor& x) const {
  const Tensor rows = eval_detail::as_features(x, "features");
  const int64_t n = rows.size(0), d = rows.size(1), k = weight.size(1);
  if (d != weight.size(0)) {
    throw UserError("features have {} dimensions, the classifier was fitted on {}", d,
                    weight.size(0));
  }
  Tensor out = at::empty({n, k}, at::kFloat);
  float* data = out.data_ptr<float>();
  eval_detail::for_each_tile(n, kRowTile, [&](int64_t begin, int64_t end, int64_t) {
    const Tensor z = rows.slice(0, begin, end).to(at::kDouble).sub(mean).div(std);
    const Tensor tile = eval_detail::mm(z, weight).add(bias).contiguous();
    const double* values = tile.data_ptr<double>();
    for (int64_t i = 0; i < (end - begin) * k; ++i)
      data[begin * k + i] = static_cast<float>(values[i]);
  });
  return out;
}

Tensor LinearModel::probabilities(const Tensor& x) const {
  Tensor p = logits(x);
  eval_detail::softmax_rows<float>(p, nullptr);
  return p;
}

Tensor LinearModel::predict(const Tensor& x) const {
  if (x.size(0) == 0) return at::empty({0}, at::kLong);
  return first_largest(logits(x));
}

}  // namespace likewise
