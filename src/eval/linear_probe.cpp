#include "likewise/eval/linear_probe.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/softmax.hpp"
#include "eval/tiles.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise {
namespace {

constexpr double kFallbackPenalty = 1e-2;

// Strongest first: every fit starts at the solution of the one before, which is the cheaper way.
std::vector<double> penalty_grid(const LinearProbeOptions& options) {
  if (options.penalty_low > options.penalty_high) {
    throw UserError("penalty_low {} is above penalty_high {}", options.penalty_low,
                    options.penalty_high);
  }
  std::vector<double> grid;
  const double low = std::log(options.penalty_low), high = std::log(options.penalty_high);
  for (int64_t i = 0; i < options.penalty_count; ++i) {
    const double part =
        options.penalty_count > 1
            ? static_cast<double>(i) / static_cast<double>(options.penalty_count - 1)
            : 0;
    grid.push_back(std::exp(high + part * (low - high)));
  }
  return grid;
}

// Two penalties in a row did worse than the one before them, by either measure.
bool worsens(const std::vector<PenaltyTrial>& trials) {
  if (trials.size() < 3) return false;
  const auto worse = [](const PenaltyTrial& a, const PenaltyTrial& b) {
    return a.accuracy < b.accuracy && a.negative_log_likelihood > b.negative_log_likelihood;
  };
  const size_t last = trials.size() - 1;
  return worse(trials[last - 1], trials[last - 2]) && worse(trials[last], trials[last - 1]);
}

double choose_penalty(const FeatureSet& train, int64_t classes, LogisticOptions how,
                      const LinearProbeOptions& options, LinearProbe& probe) {
  const RowSplit split = stratified_rows(train.y, options.held_out, options.seed);
  if (split.held_out.empty()) {
    probe.note = fmt::format(
        "no class has two labels, so none could be held out: penalty {} was taken unseen",
        kFallbackPenalty);
    return kFallbackPenalty;
  }
  const FeatureSet fit_rows = take(train, split.fit), held = take(train, split.held_out);
  const LogisticProblem problem(fit_rows.x, fit_rows.y, classes);
  LinearModel previous;
  for (double penalty : penalty_grid(options)) {
    how.penalty = penalty;
    previous = problem.fit(how, probe.trials.empty() ? nullptr : &previous).model;
    const Tensor p = previous.probabilities(held.x);
    probe.trials.push_back(
        {penalty, accuracy(held.y, first_largest(p)), negative_log_likelihood(p, held.y)});
    if (worsens(probe.trials)) break;  // weaker penalties only fit the noise, and take the longest
  }
  const auto best = std::min_element(
      probe.trials.begin(), probe.trials.end(), [](const PenaltyTrial& a, const PenaltyTrial& b) {
        return a.accuracy != b.accuracy ? a.accuracy > b.accuracy
                                        : a.negative_log_likelihood < b.negative_log_likelihood;
      });
  const bool inside = best != probe.trials.begin() && best + 1 != probe.trials.end();
  if (!inside && probe.trials.size() > 1) {
    probe.note = fmt::format("the best penalty, {:.1e}, is the {} of those tried", best->penalty,
                             best == probe.trials.begin() ? "largest" : "smallest");
  }
  return best->penalty;
}

LinearModel fit_by_sgd(const FeatureSet& train, int64_t classes,
                       const LinearProbeOptions& options) {
  const eval_detail::SerialBlas serial;
  LinearModel model;
  standardisation(train.x, model.mean, model.std);
  const int64_t n = train.x.size(0), d = train.x.size(1);
  const int64_t batch = std::min(options.batch, n), steps = (n + batch - 1) / batch;
  const Tensor x = train.x.sub(model.mean).div(model.std).to(at::kFloat);
  Tensor weight = at::zeros({d, classes}, at::kFloat), bias = at::zeros({classes}, at::kFloat);
  Tensor weight_velocity = at::zeros({d, classes}, at::kFloat);
  Tensor bias_velocity = at::zeros({classes}, at::kFloat);
  const double base = options.base_rate * static_cast<double>(batch) / 256;
  const double total = static_cast<double>(steps * options.epochs);
  double done = 0;
  for (int64_t epoch = 0; epoch < options.epochs; ++epoch) {
    Rng rng(static_cast<uint64_t>(options.seed), {static_cast<uint64_t>(epoch)});
    auto order = rng.permutation(n);
    for (int64_t s = 0; s < steps; ++s, ++done) {
      const int64_t first = s * batch, rows = std::min(batch, n - first);
      const Tensor index = at::from_blob(order.data() + first, {rows}, at::kLong);
      const Tensor xb = x.index_select(0, index), yb = train.y.index_select(0, index);
      Tensor p = eval_detail::mm(xb, weight).add_(bias).contiguous();
      eval_detail::softmax_rows<float>(p, nullptr);
      for (int64_t i = 0; i < rows; ++i) {
        p.data_ptr<float>()[i * classes + yb.data_ptr<int64_t>()[i]] -= 1;
      }
      p.div_(static_cast<double>(rows));
      weight_velocity.mul_(0.9).add_(eval_detail::mm(p.t(), xb).t());
      bias_velocity.mul_(0.9).add_(p.sum(0));
      const double rate = base * 0.5 * (1 + std::cos(M_PI * done / total));
      weight.sub_(weight_velocity, rate);
      bias.sub_(bias_velocity, rate);
    }
  }
  model.weight = weight.to(at::kDouble);
  model.bias = bias.to(at::kDouble);
  return model;
}

}  // namespace

LinearProbe fit_linear_probe(const FeatureSet& train, const LinearProbeOptions& options) {
  const FeatureSet known = labelled(train);
  if (known.x.size(0) == 0) throw UserError("the linear probe needs at least one labelled row");
  const int64_t classes = class_count(known);
  LinearProbe probe;
  if (options.protocol == "sgd") {
    probe.model = fit_by_sgd(known, classes, options);
    return probe;
  }
  if (options.protocol != "lbfgs") {
    throw UserError("probe protocol '{}' is unknown; there are lbfgs and sgd", options.protocol);
  }
  LogisticOptions how;
  how.max_iterations = options.max_iterations;
  how.tolerance = options.tolerance;
  probe.penalty = choose_penalty(known, classes, how, options, probe);
  how.penalty = probe.penalty;
  probe.model = fit_logistic(known.x, known.y, classes, how).model;
  return probe;
}

double probe_accuracy(const LinearProbe& probe, const FeatureSet& test) {
  const FeatureSet known = labelled(test);
  return accuracy(known.y, probe.model.predict(known.x));
}

}  // namespace likewise
