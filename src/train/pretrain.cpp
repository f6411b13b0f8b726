#include "likewise/train/pretrain.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/process.hpp"
#include "likewise/base/progress.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/count.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/optim/ema.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/gradient.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/monitor.hpp"
#include "likewise/train/prepare.hpp"
#include "likewise/train/profile.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/version.hpp"
#include "train/batch_feed.hpp"
#include "train/train_log.hpp"
#include "train/view_player.hpp"

namespace likewise {

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One run: what `pretrain` keeps between steps.
class Run {
 public:
  Run(PretrainOptions& options, MethodOptions& method_options, const Fields& fields)
      : options_(options),
        folder_{options.out},
        lock_(folder_.root),
        progress_(options.progress),
        prepared_(prepare_run(options, method_options.demand(), progress_)),
        loader_(prepared_.data, prepared_.views, prepared_.loader),
        feed_(loader_, prepared_.device, prepared_.make_views) {
    steps_per_epoch_ = loader_.steps_per_epoch() / options_.accumulate;
    if (steps_per_epoch_ == 0) {
      throw UserError("--accumulate {}: an epoch has only {} batches", options_.accumulate,
                      loader_.steps_per_epoch());
    }
    total_ = options_.minutes > 0 ? 0
             : options_.steps > 0
                 ? options_.steps
                 : std::max<int64_t>(
                       1, std::llround(options_.epochs * static_cast<double>(steps_per_epoch_)));
    build(method_options);
    if (options_.resume) restore();
    if (step_ == 0) write_file(folder_.options(), fields.to_toml());
  }

  PretrainResult train() {
    log_.emplace(folder_, step_);
    catch_interrupts();
    started_ = last_checkpoint_ = Clock::now();
    if (options_.profile) profile_ = std::make_unique<Profile>();
    feed_.seek(step_ * options_.accumulate);
    if (step_ == 0) look();
    while (!finished()) {
      one_step();
      if (step_ % steps_per_epoch_ == 0 && !finished()) look();
      if (interrupted()) break;
      if (checkpoint_due()) save();
    }
    const bool stopped = interrupted() != 0 && !finished();
    if (!stopped) look();
    save();
    progress_.finish();
    const auto bad = loader_.bad_samples();
    if (!bad.empty()) {
      progress_.say(fmt::format("{} broken {} were left out; the first: {}", bad.size(),
                                input_kind(prepared_.spec.modality).items, bad[0]));
    }
    write_summary(bad);
    return {step_, epoch(), elapsed(), stopped, health_, profile_ ? make_profile() : ""};
  }

 private:
  // What the report's opening sentence says.
  void write_summary(const std::vector<std::string>& bad) const {
    json warnings = json::array();
    for (size_t i = 0; i < std::min<size_t>(bad.size(), 20); ++i) {
      warnings.push_back("left out: " + bad[i]);
    }
    for (const auto& sentence : prepared_.data->info().skipped) {
      if (warnings.size() < 20) warnings.push_back("left out: " + sentence);
    }
    const json summary = {{"data", prepared_.data->info().name},
                          {"images", prepared_.data->size()},
                          {"items", input_kind(prepared_.spec.modality).items},
                          {"method", options_.method},
                          {"encoder", options_.encoder.name},
                          {"epochs", epoch()},
                          {"seconds", elapsed()},
                          {"peak_mb", peak_megabytes()},
                          {"device", prepared_.device.str()},
                          {"version", kVersion},
                          {"seed", options_.seed},
                          {"warnings", warnings}};
    write_file(folder_.assets() / "summary.json", detail::json_text(summary, 1) + "\n");
  }

  void build(MethodOptions& method_options) {
    auto encoder = prepared_.spec.make();
    method_ = method_options.make(encoder);
    initialize(*method_, Rng(static_cast<uint64_t>(options_.seed), {0x1417}));
    if (!options_.init_from.empty() && !options_.resume) {
      load_initial_weights(*encoder, options_.init_from, prepared_.foreign, progress_);
    }
    method_->begin({prepared_.data->size(), options_.batch, steps_per_epoch_,
                    static_cast<uint64_t>(options_.seed), prepared_.duplicates});
    to_channels_last(*method_);
    method_->to(prepared_.device);
    method_->set_precision(options_.precision == "bf16" ? Precision::kBf16 : Precision::kFp32);
    method_->train();
    players_ = method_->players();
    for (const Player& player : players_) {
      optimizers_.push_back(make_optimizer(options_.optim, parameter_infos(player.parameters)));
    }
    if (options_.viewmaker.on()) {
      Rng rng(0);
      const auto& views = prepared_.make_views ? prepared_.health_views : prepared_.views;
      const Tensor example = views.at(0)(sample_images(*prepared_.data, 1).at(0), rng);
      view_player_ = std::make_unique<detail::ViewPlayer>(
          options_,
          viewmaker_spec(options_.viewmaker, prepared_.spec, prepared_.data->info(), example),
          method_options.demand().plain_first, prepared_.device);
    }
    if (options_.ema > 0) {
      average_ = prepared_.spec.make();
      average_->to(prepared_.device);
      copy_weights(*encoder, *average_);
    }
    health_monitor_ = std::make_unique<HealthMonitor>(
        prepared_.data, prepared_.health_views,
        std::min(options_.health_samples, prepared_.data->size()),
        static_cast<uint64_t>(options_.seed), options_.viewmaker.use != "alone");
    health_monitor_->begin(*method_);
    if (prepared_.knn_train) {
      knn_monitor_ = std::make_unique<KnnMonitor>(prepared_.knn_train, prepared_.knn_test);
    }
  }

  void restore() {
    const Checkpoint checkpoint = load_checkpoint(folder_.checkpoint());
    step_ = checkpoint.integer("step");
    if (checkpoint.metadata.count("seconds") > 0) earlier_ = checkpoint.real("seconds");
    load_tensors(*method_, checkpoint.under("model."));
    for (size_t p = 0; p < players_.size(); ++p) {
      const NamedTensors state = checkpoint.under("optim." + players_[p].name + ".");
      optimizers_[p]->load_state({state.begin(), state.end()});
    }
    if (view_player_) {
      view_player_->load_state(checkpoint.under("viewmaker."),
                               checkpoint.under("optim.viewmaker."));
    }
    if (average_) load_tensors(*average_, checkpoint.under("ema."));
    first_step_ = step_;
    progress_.say(fmt::format("resuming at step {}", format_count(step_)));
  }

  void save() {
    NamedTensors tensors;
    append_prefixed(tensors, "model.", named_tensors(*method_));
    for (size_t p = 0; p < players_.size(); ++p) {
      append_prefixed(tensors, "optim." + players_[p].name + ".", optimizers_[p]->state());
    }
    if (view_player_) append_prefixed(tensors, "", view_player_->state());
    if (average_) append_prefixed(tensors, "ema.", named_tensors(*average_));
    std::map<std::string, std::string> metadata = {{"likewise", kVersion},
                                                   {"step", std::to_string(step_)},
                                                   {"spec", prepared_.spec.to_toml()}};
    if (view_player_) metadata["viewmaker"] = view_player_->views().spec().to_toml();
    // Only a budget in time needs the clock; without it equal runs give equal files.
    if (options_.minutes > 0) metadata["seconds"] = fmt::format("{:.3f}", elapsed());
    lock_.write_checkpoint([&](const auto& file) { write_tensors(file, tensors, metadata); });
    follow_folder();
    last_checkpoint_ = Clock::now();
    saved_step_ = step_;
    if (profile_) profile_->restart();
  }

  // A folder that was renamed meanwhile is written to under its new name.
  void follow_folder() {
    if (lock_.root() == folder_.root) return;
    progress_.say(
        fmt::format("the run folder {} is now {}", folder_.root.string(), lock_.root().string()));
    folder_.root = lock_.root();
    options_.out = folder_.root.string();
  }

  bool checkpoint_due() const {
    if (options_.checkpoint_steps > 0 && step_ % options_.checkpoint_steps == 0) return true;
    return seconds_since(last_checkpoint_) > 60 * options_.checkpoint_minutes;
  }

  double elapsed() const { return earlier_ + seconds_since(started_); }
  double epoch() const {
    return static_cast<double>(step_) / static_cast<double>(steps_per_epoch_);
  }
  double fraction() const {
    const double done = options_.minutes > 0
                            ? elapsed() / (60 * options_.minutes)
                            : static_cast<double>(step_) / static_cast<double>(total_);
    return std::min(done, 1.0);
  }
  bool finished() const { return options_.minutes > 0 ? fraction() >= 1 : step_ >= total_; }

  void one_step() {
    const double rate = rate_now();
    const TrainProgress before{step_, total_, fraction()};
    method_->begin_step(before);
    double loss = 0, norm = 0;
    std::vector<Batch> shared;  // what a viewmaker's turn looks at again
    if (profile_ && profile_->counting() && profiled_.views == 0) worked_before_ = loader_.worked();
    for (size_t p = 0; p < players_.size(); ++p) {
      optimizers_[p]->zero_grad();
      loss = 0;
      for (int64_t k = 0; k < options_.accumulate; ++k) {
        lap(Phase::kOther);
        Batch batch = feed_.next();
        if (profiled_.start_seconds == 0) profiled_.start_seconds = seconds_since_start();
        lap(Phase::kWait);
        if (view_player_) {
          shared.push_back(batch);
          batch = view_player_->for_method(batch, before, k);
          lap(Phase::kViews);
        }
        loss += accumulate_gradient(*method_, batch, players_[p],
                                    1.0 / static_cast<double>(options_.accumulate), options_.chunk,
                                    profile_.get()) /
                static_cast<double>(options_.accumulate);
        const int64_t views = static_cast<int64_t>(batch.views.size()) * batch.views[0].size(0);
        log_->count_views(views);
        if (profile_ && profile_->counting()) profiled_.views += views;
      }
      method_->after_backward();
      std::vector<Tensor> parameters;
      for (const auto& item : players_[p].parameters) parameters.push_back(item.second);
      norm = clip_grad_norm(
          parameters, options_.clip > 0 ? options_.clip : std::numeric_limits<double>::infinity());
      check_finite(loss, norm);
      optimizers_[p]->step(rate);
      method_->after_turn();
      lap(Phase::kOptimiser);
    }
    if (view_player_ && view_player_->learns(before)) {
      view_player_->turn(*method_, shared, before);
      lap(Phase::kViews);
    }
    ++step_;
    const TrainProgress progress{step_, total_, fraction()};
    method_->after_step(progress);
    if (average_) ema_update(*average_, method_->encoder(), options_.ema);
    log(loss, norm, rate);
    if (profile_) profile_->end_step();
  }

  void lap(Phase phase) {
    if (profile_) profile_->end(phase);
  }

  std::string make_profile() {
    profiled_.view_seconds = loader_.worked() - worked_before_;
    profiled_.multiply_adds =
        static_cast<double>(multiply_adds(method_->encoder(), input_shape(prepared_.spec)));
    profiled_.threads = at::get_num_threads();
    profiled_.precision = options_.precision;
    profiled_.peaks = measure_peaks();
    const std::string text = profile_->text(profiled_);
    write_file(folder_.assets() / "profile.txt", text);
    return text;
  }

  double rate_now() const {
    const double peak = scaled_learning_rate(
        options_.optim, static_cast<double>(options_.batch * options_.accumulate));
    return options_.minutes > 0 ? learning_rate_at(options_.schedule, peak, fraction())
                                : learning_rate(options_.schedule, peak, static_cast<double>(step_),
                                                static_cast<double>(total_));
  }

  void check_finite(double loss, double norm) const {
    if (std::isfinite(loss) && std::isfinite(norm)) return;
    throw TrainingError(
        "the {} became {} at step {}; {}. A lower --optim.lr, a higher --loss.temperature or "
        "--clip 1 "
        "usually helps",
        std::isfinite(loss) ? "gradient's norm" : "loss", std::isfinite(loss) ? norm : loss,
        step_ + 1,
        saved_step_ > 0 ? fmt::format("the last good checkpoint is that of step {} in {}",
                                      saved_step_, folder_.checkpoint().string())
                        : "no checkpoint was written before");
  }

  void log(double loss, double norm, double rate) {
    const int64_t every = std::clamp<int64_t>(steps_per_epoch_, 1, 20);
    log_->step({step_, epoch(), elapsed(), loss, norm, rate, loader_.waited()},
               step_ % every == 0 || finished(), [this](json& record) {
                 if (view_player_) view_player_->report(record, {step_, total_, fraction()});
               });
    if (!progress_.due()) return;
    const double left = options_.minutes > 0
                            ? 60 * options_.minutes - elapsed()
                            : seconds_since(started_) /
                                  static_cast<double>(std::max<int64_t>(1, step_ - first_step_)) *
                                  static_cast<double>(total_ - step_);
    const std::string line = log_->progress(epoch(), left);
    if (!line.empty()) progress_.update(fraction(), line);
  }

  // The health line and the kNN accuracy, once an epoch.
  void look() {
    const auto before = Clock::now();
    method_->eval();
    {
      const at::NoGradGuard no_grad;
      if (options_.health_samples > 1) {
        const int64_t stride = step_ == 0 ? 4 : 1;  // nobody waits long for the first step
        json record = health_monitor_->look(
            *method_, log_->curve(), view_player_ ? &view_player_->views() : nullptr, stride);
        record["kind"] = "health";
        if (step_ == 0) record["verdict"] = "before training";
        record["step"] = step_;
        record["epoch"] = epoch();
        log_->record(record);
        health_ = step_ == 0 ? "before training" : record.value("verdict", "");
        progress_.say(fmt::format("epoch {:>5.1f}  {}", epoch(), health_));
      }
      if (knn_monitor_) {
        const double accuracy = knn_monitor_->look(
            {prepared_.spec, average_ ? average_ : method_->encoder_ptr(), "this run"});
        log_->record({{"kind", "knn"},
                      {"step", step_},
                      {"epoch", epoch()},
                      {"accuracy", accuracy},
                      {"elapsed", elapsed()}});
        progress_.say(
            fmt::format("epoch {:>5.1f}  kNN accuracy {:.1f} %", epoch(), 100 * accuracy));
      }
    }
    method_->train();
    if (profile_) profile_->restart();
    log_->pause(Clock::now() - before);
  }

  PretrainOptions& options_;
  RunFolder folder_;
  RunLock lock_;
  ProgressLine progress_;
  PreparedRun prepared_;
  Loader loader_;
  detail::BatchFeed feed_;
  std::shared_ptr<Method> method_;
  std::vector<Player> players_;
  std::vector<std::unique_ptr<Optimizer>> optimizers_;
  std::unique_ptr<detail::ViewPlayer> view_player_;  // null without learned views
  std::shared_ptr<Encoder> average_;
  std::unique_ptr<HealthMonitor> health_monitor_;
  std::unique_ptr<KnnMonitor> knn_monitor_;
  std::optional<detail::TrainLog> log_;  // once training begins

  int64_t step_ = 0, first_step_ = 0, total_ = 0, steps_per_epoch_ = 1, saved_step_ = 0;
  double earlier_ = 0;  // seconds of the runs before a resume
  Clock::time_point started_, last_checkpoint_;
  std::string health_;
  std::unique_ptr<Profile> profile_;  // null unless asked for
  Profile::Work profiled_;
  double worked_before_ = 0;
};

}  // namespace

PretrainResult pretrain(PretrainOptions& options, MethodOptions& method, const Fields& fields) {
  // Before the lock, which would make the folder.
  if (options.out.empty()) throw UserError("--out: a folder for the run is needed");
  return Run(options, method, fields).train();
}

}  // namespace likewise
