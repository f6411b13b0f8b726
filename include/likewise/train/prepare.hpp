#pragma once
// Turns what the user set into what a run uses: data opened, "auto" decided, budgets settled.

#include <c10/core/Device.h>

#include <functional>
#include <optional>

#include "likewise/base/progress.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/train/initial.hpp"
#include "likewise/train/options.hpp"

namespace likewise {

struct PreparedRun {
  c10::Device device = c10::kCPU;  // what --device is here
  DatasetPtr data;
  DatasetPtr knn_train, knn_test;  // null without a kNN monitor
  EncoderSpec spec;
  std::vector<Transform> views;
  // Views [N, C, S, S] of the records that the loader brings (LoaderOptions::records), on their
  // device; empty when the loader's threads make the views.
  std::function<Tensor(size_t view, const Tensor& records, const Tensor& starts)> make_views;
  std::vector<Transform> health_views;  // two random views
  Tensor duplicates;                    // groups of near-duplicates, where the method wants them
  LoaderOptions loader;
  std::optional<ForeignEncoder> foreign;  // what --init_from was recognised as
};

// Fills in `options` (batch, precision, recipe, encoder, budget) and says in `progress` what it
// decided and why. Throws UserError for combinations that cannot be.
PreparedRun prepare_run(PretrainOptions& options, const SampleDemand& demand,
                        ProgressLine& progress);

// Weights for the encoder: those of `foreign` or, without it, of the run or model at `path`.
void load_initial_weights(Encoder& encoder, const std::string& path,
                          const std::optional<ForeignEncoder>& foreign, ProgressLine& progress);

// Up to `count` samples of a data set, evenly spaced, for measuring; broken ones are passed over.
std::vector<Tensor> sample_images(const Dataset& data, int64_t count);

}  // namespace likewise
