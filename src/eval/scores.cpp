#include "likewise/eval/scores.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"

namespace likewise {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor as_scores(const Tensor& x, int64_t dimensions, const char* what) {
  if (!x.defined() || x.dim() != dimensions || x.numel() == 0) {
    throw UserError("{} must have {} dimensions and at least one row, found {} dimensions", what,
                    dimensions, x.defined() ? x.dim() : 0);
  }
  return x.detach().to(at::kCPU, at::kDouble).contiguous();
}

Tensor labels_in_range(const Tensor& labels, int64_t n, int64_t classes) {
  const Tensor y = eval_detail::as_labels(labels, n, "labels");
  const int64_t* data = y.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) {
    if (data[i] < 0 || data[i] >= classes) {
      throw UserError("label {} in row {} is outside of the {} classes", data[i], i, classes);
    }
  }
  return y;
}

// Row sums, column sums, diagonal and total of a confusion matrix.
struct Margins {
  std::vector<double> truth, predicted, right;
  double total = 0;
  explicit Margins(const Tensor& confusion) {
    const Tensor c = as_scores(confusion, 2, "confusion matrix");
    const auto k = static_cast<size_t>(c.size(0));
    const double* data = c.data_ptr<double>();
    truth.resize(k), predicted.resize(k), right.resize(k);
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < k; ++j) {
        truth[i] += data[i * k + j];
        predicted[j] += data[i * k + j];
        total += data[i * k + j];
      }
      right[i] = data[i * k + i];
    }
  }
};

// Calls step(positives, negatives) for every group of equal scores, highest first.
template <class Step>
void for_each_tied_group(const Tensor& scores, const Tensor& positive, const Step& step) {
  const Tensor s = as_scores(scores, 1, "scores");
  const Tensor p = eval_detail::as_labels(positive, s.numel(), "positives");
  const double* value = s.data_ptr<double>();
  const int64_t* flag = p.data_ptr<int64_t>();
  std::vector<int64_t> order(static_cast<size_t>(s.numel()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return value[a] > value[b]; });
  for (size_t i = 0; i < order.size();) {
    double positives = 0, negatives = 0;
    const double level = value[order[i]];
    for (; i < order.size() && value[order[i]] == level; ++i) {
      (flag[order[i]] != 0 ? positives : negatives) += 1;
    }
    step(positives, negatives);
  }
}

}  // namespace

Tensor first_largest(const Tensor& scores) {
  const Tensor s = as_scores(scores, 2, "scores");
  const int64_t n = s.size(0), k = s.size(1);
  const double* data = s.data_ptr<double>();
  Tensor out = at::empty({n}, at::kLong);
  int64_t* best = out.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i)
    best[i] = std::max_element(data + i * k, data + (i + 1) * k) - (data + i * k);
  return out;
}

double accuracy(const Tensor& labels, const Tensor& predictions) {
  const int64_t n = labels.numel();
  if (n == 0) throw UserError("there is no labelled row to score");
  const Tensor y = eval_detail::as_labels(labels, n, "labels");
  const Tensor p = eval_detail::as_labels(predictions, n, "predictions");
  int64_t right = 0;
  for (int64_t i = 0; i < n; ++i) right += y.data_ptr<int64_t>()[i] == p.data_ptr<int64_t>()[i];
  return static_cast<double>(right) / static_cast<double>(n);
}

Tensor confusion_matrix(const Tensor& labels, const Tensor& predictions, int64_t classes) {
  const int64_t n = labels.numel();
  const Tensor y = labels_in_range(labels, n, classes);
  const Tensor p = labels_in_range(predictions, n, classes);
  Tensor out = at::zeros({classes, classes}, at::kLong);
  int64_t* counts = out.data_ptr<int64_t>();
  const int64_t* truth = y.data_ptr<int64_t>();
  const int64_t* guess = p.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) ++counts[truth[i] * classes + guess[i]];
  return out;
}

std::vector<double> per_class_recall(const Tensor& confusion) {
  const Margins m(confusion);
  std::vector<double> recall(m.truth.size());
  for (size_t c = 0; c < recall.size(); ++c)
    recall[c] = m.truth[c] > 0 ? m.right[c] / m.truth[c] : kNan;
  return recall;
}

double balanced_accuracy(const Tensor& confusion) {
  double sum = 0, present = 0;
  for (double r : per_class_recall(confusion)) {
    if (!std::isnan(r)) sum += r, present += 1;
  }
  return sum / present;
}

double macro_f1(const Tensor& confusion) {
  const Margins m(confusion);
  double sum = 0, seen = 0;
  for (size_t c = 0; c < m.truth.size(); ++c) {
    const double denominator = m.truth[c] + m.predicted[c];  // 2 tp + fp + fn
    if (denominator > 0) sum += 2 * m.right[c] / denominator, seen += 1;
  }
  return sum / seen;
}

double cohen_kappa(const Tensor& confusion) {
  const Margins m(confusion);
  double observed = 0, expected = 0;
  for (size_t c = 0; c < m.truth.size(); ++c) {
    observed += m.right[c] / m.total;
    expected += m.truth[c] / m.total * (m.predicted[c] / m.total);
  }
  return expected < 1 ? (observed - expected) / (1 - expected) : 0;
}

double negative_log_likelihood(const Tensor& probabilities, const Tensor& labels) {
  const Tensor p = as_scores(probabilities, 2, "probabilities");
  const int64_t n = p.size(0), k = p.size(1);
  const Tensor y = labels_in_range(labels, n, k);
  const double* data = p.data_ptr<double>();
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    sum -= std::log(
        std::max(data[i * k + y.data_ptr<int64_t>()[i]], std::numeric_limits<double>::epsilon()));
  }
  return sum / static_cast<double>(n);
}

double expected_calibration_error(const Tensor& probabilities, const Tensor& labels, int64_t bins) {
  if (bins < 1) throw UserError("bins is {}, must be at least 1", bins);
  const Tensor p = as_scores(probabilities, 2, "probabilities");
  const int64_t n = p.size(0), k = p.size(1);
  const Tensor y = labels_in_range(labels, n, k);
  const Tensor guess = first_largest(p);
  // A bin adds |hits - sum of confidences| / n.
  std::vector<double> excess(static_cast<size_t>(bins));
  for (int64_t i = 0; i < n; ++i) {
    const int64_t c = guess.data_ptr<int64_t>()[i];
    const double confidence = p.data_ptr<double>()[i * k + c];
    const auto bin = static_cast<int64_t>(std::ceil(confidence * static_cast<double>(bins))) - 1;
    const double hit = c == y.data_ptr<int64_t>()[i] ? 1 : 0;
    excess[static_cast<size_t>(std::clamp<int64_t>(bin, 0, bins - 1))] += hit - confidence;
  }
  double sum = 0;
  for (double e : excess) sum += std::abs(e);
  return sum / static_cast<double>(n);
}

double auroc(const Tensor& scores, const Tensor& positive) {
  double won = 0, positives_above = 0, negatives = 0;
  for_each_tied_group(scores, positive, [&](double p, double n) {
    won += n * (positives_above + p / 2);
    positives_above += p;
    negatives += n;
  });
  const double pairs = positives_above * negatives;
  return pairs > 0 ? won / pairs : kNan;
}

double average_precision(const Tensor& scores, const Tensor& positive) {
  double sum = 0, found = 0, rows = 0;
  for_each_tied_group(scores, positive, [&](double p, double n) {
    found += p;
    rows += p + n;
    sum += p * found / rows;
  });
  return found > 0 ? sum / found : kNan;
}

ClassificationScores classification_scores(const Tensor& probabilities, const Tensor& labels) {
  ClassificationScores out;
  const Tensor p = as_scores(probabilities, 2, "probabilities");
  out.n = p.size(0);
  const Tensor guess = first_largest(p);
  out.confusion = confusion_matrix(labels, guess, p.size(1));
  out.accuracy = accuracy(labels, guess);
  out.recall = per_class_recall(out.confusion);
  out.balanced_accuracy = balanced_accuracy(out.confusion);
  out.macro_f1 = macro_f1(out.confusion);
  out.kappa = cohen_kappa(out.confusion);
  out.negative_log_likelihood = negative_log_likelihood(p, labels);
  out.calibration_error = expected_calibration_error(p, labels);
  out.auroc = p.size(1) == 2 ? auroc(p.select(1, 1), labels) : kNan;
  return out;
}

void to_json(nlohmann::json& json, const ClassificationScores& s) {
  const int64_t k = s.confusion.size(0);
  std::vector<std::vector<int64_t>> confusion(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i) {
    const int64_t* row = s.confusion.data_ptr<int64_t>() + i * k;
    confusion[static_cast<size_t>(i)].assign(row, row + k);
  }
  json = {{"n", s.n},
          {"accuracy", s.accuracy},
          {"balanced_accuracy", s.balanced_accuracy},
          {"macro_f1", s.macro_f1},
          {"kappa", s.kappa},
          {"negative_log_likelihood", s.negative_log_likelihood},
          {"calibration_error", s.calibration_error},
          {"auroc", s.auroc},
          {"recall", s.recall},
          {"confusion", confusion}};
}

}  // namespace likewise
