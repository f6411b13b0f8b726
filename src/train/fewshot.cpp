#include "likewise/train/fewshot.hpp"

#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/signals.hpp"
#include "likewise/base/text.hpp"
#include "likewise/fewshot/evaluate.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/optim/optimizer.hpp"
#include "likewise/optim/schedule.hpp"
#include "likewise/report/report.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/version.hpp"

namespace likewise {

namespace {

using FewClock = std::chrono::steady_clock;

double since(FewClock::time_point start) {
  return std::chrono::duration<double>(FewClock::now() - start).count();
}

std::shared_ptr<fewshot::FewShotMethod> make_fewshot(const FewShotOptions& options,
                                                     const fewshot::MethodOptions& method,
                                                     const EncoderSpec& spec) {
  auto made = method.make({options.encoder, spec.channels(), options.size, options.ways});
  initialize(*made, Rng(static_cast<uint64_t>(options.seed), {0x1417}));
  to_channels_last(*made);
  return made;
}

// One run: what `train_fewshot` keeps between steps.
class FewShotRun {
 public:
  FewShotRun(FewShotOptions& options, fewshot::MethodOptions& method_options, const Fields& fields)
      : options_(options),
        method_options_(method_options),
        folder_{options.out},
        progress_(options.progress),
        data_(prepare_fewshot(options, progress_)),
        lock_(folder_.root),
        sampler_(data_.train->items(), {options.ways, options.shots, options.queries},
                 {options.data.within_domains, options.data.within_share}) {
    total_ = (options_.episodes + options_.tasks - 1) / options_.tasks;
    method_ = make_fewshot(options_, method_options, data_.spec);
    OptimOptions optim;
    optim.name = options_.optimizer;
    optim.weight_decay = options_.weight_decay;
    optim.momentum = options_.momentum;
    optimizer_ = make_optimizer(optim, parameter_infos(method_->named_parameters().pairs()));
    if (data_.valid) {
      constexpr int64_t kValidQueries = 5;
      valid_sampler_ = std::make_unique<fewshot::EpisodeSampler>(
          data_.valid->items(),
          fewshot::EpisodeShape{valid_ways(), options_.test.shots.at(0), kValidQueries},
          fewshot::SamplerOptions{options_.valid.within_domains || options_.data.within_domains});
      const int64_t every = options_.valid.every > 0 ? options_.valid.every
                                                     : std::max<int64_t>(1, options_.episodes / 10);
      look_every_ = std::max<int64_t>(1, every / options_.tasks);
    }
    if (options_.resume) restore();
    if (step_ == 0) write_file(folder_.options(), fields.to_toml());
    progress_.say(fmt::format(
        "{}: {} classes, {}-way {}-shot, {} queries a class, {} episodes a step, "
        "{} episodes",
        options_.method, format_count(sampler_.classes()), options_.ways, options_.shots,
        options_.queries, options_.tasks, format_count(options_.episodes)));
  }

  FewShotResult train() {
    MetricsLog metrics(folder_.metrics(), step_);
    metrics_ = &metrics;
    catch_interrupts();
    started_ = last_checkpoint_ = last_log_ = FewClock::now();
    if (step_ < total_) {
      fewshot::EpisodeLoader loader(*data_.train, sampler_, static_cast<uint64_t>(options_.seed),
                                    options_.tasks, step_, 2, [this](auto& batch, int64_t first) {
                                      fewshot::distort(batch, options_.distort,
                                                       static_cast<uint64_t>(options_.seed), first);
                                    });
      while (step_ < total_) {
        one_step(loader.next());
        if (valid_sampler_ && (step_ % look_every_ == 0 || step_ == total_)) look();
        if (interrupted()) break;
        if (checkpoint_due()) save();
      }
      save();
    }
    FewShotResult result{step_ * options_.tasks,   elapsed(), step_ < total_, best_,
                         chosen_ * options_.tasks, ""};
    if (!result.interrupted) result.text = finish();
    progress_.finish();
    return result;
  }

 private:
  int64_t valid_ways() const {
    const int64_t fixed = method_->fixed_ways(), asked = options_.valid.ways;
    if (fixed > 0 && asked > 0 && asked != fixed) {
      throw UserError(
          "--valid.ways {}: {} has outputs for {} ways and can be judged with no others", asked,
          options_.method, fixed);
    }
    constexpr int64_t kUsual = 5;
    return fixed > 0 ? fixed : asked > 0 ? asked : kUsual;
  }

  void one_step(const fewshot::EpisodeBatch& batch) {
    const int64_t done = step_ * options_.tasks;
    optimizer_->zero_grad();
    const double loss =
        method_->accumulate(batch, static_cast<double>(step_) / static_cast<double>(total_));
    std::vector<Tensor> tensors;
    for (const auto& info : optimizer_->parameters()) tensors.push_back(info.tensor);
    const double norm = clip_grad_norm(
        tensors, options_.clip > 0 ? options_.clip : std::numeric_limits<double>::infinity());
    if (!std::isfinite(loss) || !std::isfinite(norm)) {
      throw TrainingError(
          "the {} became {} at episode {}; {}. A lower --lr or --clip 1 usually helps",
          std::isfinite(loss) ? "gradient's norm" : "loss", std::isfinite(loss) ? norm : loss, done,
          saved_ > 0 ? fmt::format("the last good checkpoint is that of episode {} in {}",
                                   saved_ * options_.tasks, folder_.checkpoint().string())
                     : "no checkpoint was written before");
    }
    const double rate = fewshot_rate(options_, done);
    optimizer_->step(rate);
    ++step_;
    log(loss, norm, rate);
  }

  void log(double loss, double norm, double rate) {
    loss_sum_ += loss;
    ++loss_count_;
    const int64_t every = std::max<int64_t>(1, std::min<int64_t>(20, total_ / 10));
    const int64_t episodes = step_ * options_.tasks;
    if (step_ % every == 0 || step_ == total_) {
      speed_ = static_cast<double>(loss_count_ * options_.tasks) / std::max(1e-9, since(last_log_));
      shown_ = loss_sum_ / static_cast<double>(loss_count_);
      metrics_->write({{"kind", "step"},
                       {"step", step_},
                       {"episodes", episodes},
                       {"loss", shown_},
                       {"lr", rate},
                       {"rate", speed_},
                       {"grad_norm", norm},
                       {"elapsed", elapsed()}});
      loss_sum_ = 0;
      loss_count_ = 0;
      last_log_ = FewClock::now();
    }
    if (progress_.due() && speed_ > 0) {
      const double left = static_cast<double>((total_ - step_) * options_.tasks) / speed_;
      progress_.update(static_cast<double>(step_) / static_cast<double>(total_),
                       fmt::format("episode {}  loss {:.3f}  {:.1f} episodes/s  {} left",
                                   format_count(episodes), shown_, speed_, format_duration(left)));
    }
  }

  // Accuracy on the validation classes; the best method so far is kept.
  void look() {
    const auto before = FewClock::now();
    const fewshot::NormMode mode = method_->norm_modes().at(0);
    const auto score = fewshot::evaluate_episodes(
        *method_, *data_.valid, *valid_sampler_, options_.valid.episodes,
        static_cast<uint64_t>(options_.seed), fewshot::EpisodeUse::kValidation, mode);
    const double accuracy = score.accuracy.mean;
    metrics_->write({{"kind", "valid"},
                     {"step", step_},
                     {"episodes", step_ * options_.tasks},
                     {"accuracy", accuracy},
                     {"elapsed", elapsed()}});
    progress_.say(fmt::format("episode {:>6}  validation {} % ({}-way {}-shot, {})",
                              step_ * options_.tasks, score.accuracy.text(),
                              valid_sampler_->shape().ways, valid_sampler_->shape().shots,
                              fewshot::norm_name(mode)));
    if (accuracy > best_) {
      best_ = accuracy;
      chosen_ = step_;
      best_tensors_.clear();
      for (const auto& [name, tensor] : named_tensors(*method_)) {
        best_tensors_.emplace_back(name, tensor.clone());
      }
    }
    last_log_ += FewClock::now() - before;
  }

  bool checkpoint_due() const {
    if (options_.checkpoint_steps > 0 && step_ % options_.checkpoint_steps == 0) return true;
    return since(last_checkpoint_) > 60 * options_.checkpoint_minutes;
  }

  void save() {
    const NamedTensors current = named_tensors(*method_);
    const NamedTensors& best = best_tensors_.empty() ? current : best_tensors_;
    NamedTensors tensors;
    append_prefixed(tensors, "model.", current);
    append_prefixed(tensors, "optim.learner.", optimizer_->state());
    append_prefixed(tensors, "best.", best);
    std::map<std::string, std::string> metadata = {
        {"likewise", kVersion},
        {"step", std::to_string(step_)},
        {"fewshot", options_.method},
        {"fewshot_spec", data_.spec.to_toml()},
        {"chosen", std::to_string(chosen_)},
        {"validated", best_tensors_.empty() ? "0" : "1"},
        {"best", fmt::format("{}", std::max(best_, 0.0))}};
    if (method_->encoder()) {
      append_prefixed(tensors, "ema.", with_prefix(best, "encoder."));
      metadata["spec"] = data_.spec.to_toml();
    }
    lock_.write_checkpoint([&](const auto& file) { write_tensors(file, tensors, metadata); });
    folder_.root = lock_.root();  // it may have been renamed
    last_checkpoint_ = FewClock::now();
    saved_ = step_;
  }

  void restore() {
    const Checkpoint checkpoint = load_checkpoint(folder_.checkpoint());
    if (checkpoint.meta("fewshot") != options_.method) {
      throw UserError("--resume: the run in {} was of the method {}", options_.out,
                      checkpoint.meta("fewshot"));
    }
    step_ = checkpoint.integer("step");
    chosen_ = checkpoint.integer("chosen");
    load_tensors(*method_, checkpoint.under("model."));
    const NamedTensors state = checkpoint.under("optim.learner.");
    optimizer_->load_state({state.begin(), state.end()});
    if (checkpoint.integer("validated") > 0) {
      best_ = checkpoint.real("best");
      best_tensors_ = checkpoint.under("best.");
    }
    progress_.say(fmt::format("resuming at episode {}", format_count(step_ * options_.tasks)));
  }

  // The test images are read here and not before.
  std::string finish() {
    nlohmann::json evaluation = {{"data", data_.train->items().name},
                                 {"protocols", nlohmann::json::array()},
                                 {"episodes", nlohmann::json::array()},
                                 {"seed", options_.seed}};
    if (!options_.test.data.empty()) {
      auto best = make_fewshot(options_, method_options_, data_.spec);
      auto untrained = make_fewshot(options_, method_options_, data_.spec);
      load_tensors(*best, best_tensors_.empty() ? named_tensors(*method_) : best_tensors_);
      to_channels_last(*best);
      const auto table = load_test_images(options_.test.data, data_.spec,
                                          options_.data.quarter_turns, options_.data.max_bad, "");
      const nlohmann::json test = test_fewshot(
          *best, options_.test.baselines ? untrained.get() : nullptr, table, options_, progress_);
      evaluation.update(test);
      write_file(folder_.assets() / "episodes.json",
                 detail::json_text(episode_pictures(*best, table, data_.spec, options_)));
    }
    evaluation["fewshot"] = {
        {"method", options_.method},
        {"episodes", step_ * options_.tasks},
        {"chosen_after", (best_tensors_.empty() ? step_ : chosen_) * options_.tasks},
        {"validation", best_tensors_.empty() ? nlohmann::json() : nlohmann::json(best_)}};
    if (evaluation.contains("verification")) {
      evaluation["fewshot"]["verification"] = evaluation["verification"];
    }
    write_file(folder_.evaluation(), detail::json_text(evaluation, 1) + "\n");
    const nlohmann::json summary = {
        {"data", data_.train->items().name},
        {"images", data_.train->size()},
        {"method", options_.method},
        {"encoder", method_->encoder() ? options_.encoder.name : "the method's own"},
        {"seconds", elapsed()},
        {"device", "cpu"},
        {"version", kVersion},
        {"seed", options_.seed}};
    write_file(folder_.assets() / "summary.json", detail::json_text(summary, 1) + "\n");
    write_report(folder_.root, folder_.report());
    return fewshot_text(evaluation);
  }

  double elapsed() const { return since(started_); }

  FewShotOptions& options_;
  fewshot::MethodOptions& method_options_;
  RunFolder folder_;
  ProgressLine progress_;
  FewShotData data_;
  RunLock lock_;
  fewshot::EpisodeSampler sampler_;
  std::unique_ptr<fewshot::EpisodeSampler> valid_sampler_;  // null without validation
  std::shared_ptr<fewshot::FewShotMethod> method_;
  std::unique_ptr<Optimizer> optimizer_;
  NamedTensors best_tensors_;  // empty: nothing was chosen, the last is kept
  MetricsLog* metrics_ = nullptr;
  int64_t step_ = 0, total_ = 0, saved_ = 0, chosen_ = 0, look_every_ = 1, loss_count_ = 0;
  double best_ = -1, loss_sum_ = 0, speed_ = 0, shown_ = 0;
  FewClock::time_point started_ = FewClock::now(), last_checkpoint_, last_log_;
};

}  // namespace

FewShotResult train_fewshot(FewShotOptions& options, fewshot::MethodOptions& method,
                            const Fields& fields) {
  return FewShotRun(options, method, fields).train();
}

double fewshot_rate(const FewShotOptions& options, int64_t episodes) {
  const double part = static_cast<double>(episodes) / static_cast<double>(options.episodes);
  if (options.schedule == "constant") return options.lr;
  if (options.schedule == "linear") return linear_between(options.lr, 0, part);
  if (options.schedule == "cosine") return cosine_between(options.lr, options.lr / 100, part);
  LIKEWISE_CHECK(options.schedule == "halving", "schedule {}", options.schedule);
  return options.lr *
         std::pow(options.halve_by, static_cast<double>(episodes / options.halve_every));
}

bool is_fewshot_run(const std::filesystem::path& run) {
  const RunFolder folder{run};
  return std::filesystem::exists(folder.checkpoint()) &&
         load_checkpoint(folder.checkpoint()).metadata.count("fewshot") > 0;
}

TrainedFewShot load_fewshot(const std::filesystem::path& run) {
  const RunFolder folder{run};
  if (!std::filesystem::exists(folder.options())) {
    throw UserError("{} is not a run of fewshot: it has no run.toml", run.string());
  }
  const Checkpoint checkpoint = load_checkpoint(folder.checkpoint());
  TrainedFewShot out;
  const auto method = fewshot::find_method(checkpoint.meta("fewshot")).make_options();
  Fields fields(out.options);
  method->describe(fields);
  fields.read_toml(read_text(folder.options()), folder.options().string());
  out.spec = EncoderSpec::from_toml(checkpoint.meta("fewshot_spec"), checkpoint.path);
  out.method = make_fewshot(out.options, *method, out.spec);
  load_tensors(*out.method, checkpoint.under("best."));
  to_channels_last(*out.method);
  out.method->eval();
  return out;
}

}  // namespace likewise
