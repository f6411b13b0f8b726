#include "train/train_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "likewise/base/progress.hpp"
#include "likewise/train/monitor.hpp"

namespace likewise::detail {

using nlohmann::json;

TrainLog::TrainLog(const RunFolder& folder, int64_t step)
    : curve_(step > 0 ? read_curve(folder.metrics()) : std::vector<CurvePoint>{}),
      metrics_(folder.metrics(), step),
      events_(folder.root / event_file_name()) {
  std::erase_if(curve_, [&](const CurvePoint& p) { return p.step > static_cast<double>(step); });
}

void TrainLog::step(const Step& step, bool line, const std::function<void(json&)>& more) {
  sum_of_losses_ += step.loss;
  largest_norm_ = std::max(largest_norm_, step.norm);
  ++steps_;
  if (!line) return;
  const auto now = Clock::now();
  const double seconds = std::max(std::chrono::duration<double>(now - last_).count(), 1e-9);
  loss_ = sum_of_losses_ / static_cast<double>(steps_);
  wait_ = (step.waited - waited_) / seconds;
  speed_ = static_cast<double>(views_) / seconds;
  curve_.push_back({static_cast<double>(step.step), loss_, step.norm, largest_norm_, step.rate});
  json out = {{"kind", "step"},         {"step", step.step},      {"epoch", step.epoch},
              {"loss", loss_},          {"lr", step.rate},        {"rate", speed_},
              {"wait", wait_},          {"grad_norm", step.norm}, {"largest_norm", largest_norm_},
              {"elapsed", step.elapsed}};
  more(out);
  record(out);
  waited_ = step.waited;
  sum_of_losses_ = largest_norm_ = 0;
  steps_ = views_ = 0;
  last_ = now;
}

void TrainLog::record(const json& record) {
  metrics_.write(record);
  const std::string kind = record.at("kind");
  const std::string group = kind == "step" ? "train" : kind;
  for (const auto& [key, value] : record.items()) {
    if (key == "epoch" || key == "elapsed" || !value.is_number_float()) continue;
    events_.scalar(group + "/" + key, record.at("step"), value.get<double>());
  }
  if (kind != "step") events_.flush();
}

void TrainLog::pause(Clock::duration time) { last_ += time; }

std::string TrainLog::progress(double epoch, double seconds_left) const {
  if (speed_ <= 0) return "";
  return fmt::format("epoch {:.1f}  loss {:.3f}  {:.0f} views/s  wait {:.0f} %  {} left", epoch,
                     loss_, speed_, 100 * wait_, format_duration(std::max(0.0, seconds_left)));
}

}  // namespace likewise::detail
