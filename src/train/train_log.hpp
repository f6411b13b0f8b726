#pragma once
// What a run writes down while it trains: metrics.jsonl, TensorBoard's events, and the figures of
// the progress line.

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "likewise/eval/loss_curve.hpp"
#include "likewise/formats/tfevents.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise::detail {

class TrainLog {
 public:
  // What is known of a step that is done.
  struct Step {
    int64_t step = 0;
    double epoch = 0, elapsed = 0;
    double loss = 0, norm = 0, rate = 0;
    double waited = 0;  // seconds for data since the start of the process
  };

  // Goes on with the files of a run that has done `step` steps.
  TrainLog(const RunFolder& folder, int64_t step);

  void count_views(int64_t views) { views_ += views; }

  // Takes a step in; with `line` one record of kind "step" is written for all since the last, after
  // `more` has added to it.
  void step(const Step& step, bool line, const std::function<void(nlohmann::json&)>& more);

  // Any other record; its numbers become events under its "kind".
  void record(const nlohmann::json& record);

  // Time that was not spent on training: views a second do not count it.
  void pause(std::chrono::steady_clock::duration time);

  // Loss, gradient and learning rate as logged, earlier runs included.
  const std::vector<CurvePoint>& curve() const { return curve_; }

  // Empty as long as the speed is not known.
  std::string progress(double epoch, double seconds_left) const;

 private:
  using Clock = std::chrono::steady_clock;

  std::vector<CurvePoint> curve_;
  MetricsLog metrics_;
  EventWriter events_;
  Clock::time_point last_ = Clock::now();
  double sum_of_losses_ = 0, largest_norm_ = 0;  // since the last record
  int64_t steps_ = 0, views_ = 0;                // since then
  double waited_ = 0, speed_ = 0, loss_ = 0, wait_ = 0;
};

}  // namespace likewise::detail
