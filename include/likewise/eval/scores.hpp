#pragma once
// What a classification is worth: functions of labels and predictions or probabilities.
// labels int64 [N], all in [0, K); predictions int64 [N]; probabilities [N, K]. Everything is
// summed in double. UserError for no rows, sizes that differ or labels out of range.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

// The column of the first largest value of every row: int64 [N].
Tensor first_largest(const Tensor& scores);

// Share of rows with prediction = label.
double accuracy(const Tensor& labels, const Tensor& predictions);

// counts[true, predicted]: int64 [K, K].
Tensor confusion_matrix(const Tensor& labels, const Tensor& predictions, int64_t classes);

// Recall of every class; NaN for classes that do not occur.
std::vector<double> per_class_recall(const Tensor& confusion);

// Mean recall of the classes that occur.
double balanced_accuracy(const Tensor& confusion);

// Mean over classes that occur or are predicted of F1 = 2 tp / (2 tp + fp + fn).
double macro_f1(const Tensor& confusion);

// Cohen's kappa: agreement beyond chance, (po - pe) / (1 - pe); 0 where pe = 1.
double cohen_kappa(const Tensor& confusion);

// Mean of -log p(label); probabilities below 2.2e-16 count as that.
double negative_log_likelihood(const Tensor& probabilities, const Tensor& labels);

// Expected calibration error: bins of equal width (low, high] of the largest probability; the sum
// over bins of (share of rows) * |accuracy - mean confidence|. Guo et al. 2017, arXiv 1706.04599.
double expected_calibration_error(const Tensor& probabilities, const Tensor& labels,
                                  int64_t bins = 15);

// Area under the ROC curve: the probability that a positive row scores above a negative one, ties
// counting one half. positive: bool or 0/1 [N]. NaN where one of the two classes is missing.
double auroc(const Tensor& scores, const Tensor& positive);

// Sum over falling thresholds of precision * gain in recall; tied scores form one step. NaN without
// positives.
double average_precision(const Tensor& scores, const Tensor& positive);

struct ClassificationScores {
  int64_t n = 0;
  double accuracy = 0, balanced_accuracy = 0, macro_f1 = 0, kappa = 0;
  double negative_log_likelihood = 0, calibration_error = 0;
  double auroc = 0;  // of class 1 where there are two classes, else NaN
  std::vector<double> recall;
  Tensor confusion;
};

// All of the above from probabilities.
ClassificationScores classification_scores(const Tensor& probabilities, const Tensor& labels);
void to_json(nlohmann::json& json, const ClassificationScores& scores);  // NaN becomes null

}  // namespace likewise
