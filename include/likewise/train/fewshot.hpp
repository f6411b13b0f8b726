#pragma once
// Training by episodes: the loop, its checkpoints, and what is measured when it is over.

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "likewise/base/progress.hpp"
#include "likewise/fewshot/catalogue.hpp"
#include "likewise/fewshot/image_table.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/fewshot_options.hpp"

namespace likewise {

// The data of a run, in memory, and what was decided from it.
struct FewShotData {
  std::unique_ptr<fewshot::ImageTable> train, valid;  // valid: null without validation
  EncoderSpec spec;                                   // how images are prepared; the encoder
};

// Opens data, holds out validation classes, fills in what `options` leave to the method and the
// data, and says so. Throws UserError for combinations that cannot be.
FewShotData prepare_fewshot(FewShotOptions& options, ProgressLine& progress);

// A test table prepared as the training images were.
fewshot::ImageTable load_test_images(const std::string& path, const EncoderSpec& spec, bool turns,
                                     int64_t max_bad, const std::string& say);

struct FewShotResult {
  int64_t episodes = 0;
  double seconds = 0;
  bool interrupted = false;
  double validation = -1;      // best accuracy; -1 without validation
  int64_t chosen_episode = 0;  // after so many episodes
  std::string text;            // the table of the test
};

// Trains and fills the run folder options.out: run.toml, metrics.jsonl,
// checkpoints/last.safetensors
// (`model.*` and `optim.*` to go on from, `best.*` the method as validation chose it, `ema.*` its
// encoder, which every other command uses), then evaluation.json, report/episodes.json, report.html
// from the test classes, which nothing saw before.
//
// Episode e of training is a function of (seed, e) alone, and a checkpoint holds all that persists
// between steps: a run that was stopped and resumed ends in the bits of one that was not.
//
// Throws UserError, DataError, TrainingError (loss not finite).
FewShotResult train_fewshot(FewShotOptions& options, fewshot::MethodOptions& method,
                            const Fields& fields);

// The learning rate after `episodes` of options.episodes; options.lr and .schedule resolved.
double fewshot_rate(const FewShotOptions& options, int64_t episodes);

struct TrainedFewShot {
  FewShotOptions options;  // of the run, resolved
  EncoderSpec spec;
  std::shared_ptr<fewshot::FewShotMethod> method;  // as validation chose it, in evaluation mode
};

// Whether the run in a folder was made by train_fewshot.
bool is_fewshot_run(const std::filesystem::path& run);
// Throws UserError when it is none, DataError when it is broken.
TrainedFewShot load_fewshot(const std::filesystem::path& run);

// The figures of evaluation.json: every kind of episode of options.test, in every batch-norm mode,
// beside raw pixels and the untrained method (where given).
nlohmann::json test_fewshot(fewshot::FewShotMethod& method, fewshot::FewShotMethod* untrained,
                            const fewshot::ImageTable& table, const FewShotOptions& options,
                            ProgressLine& progress);
std::string fewshot_text(const nlohmann::json& evaluation);

// report/episodes.json: test episodes with pictures, and which classes are confused most.
nlohmann::json episode_pictures(fewshot::FewShotMethod& method, const fewshot::ImageTable& table,
                                const EncoderSpec& spec, const FewShotOptions& options);

}  // namespace likewise
