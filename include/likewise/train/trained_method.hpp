#pragma once
// The method of a run with the weights of its last checkpoint: encoder, heads and all.

#include <filesystem>
#include <memory>
#include <string>

#include "likewise/data/dataset.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/methods/learned_views.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/options.hpp"

namespace likewise {

struct TrainedMethod {
  PretrainOptions options;  // of the run, resolved
  std::unique_ptr<MethodOptions> method_options;
  EncoderSpec spec;
  std::shared_ptr<Method> method;         // in evaluation mode
  std::shared_ptr<LearnedViews> learned;  // null without --viewmaker
};

// Throws UserError when the run has no run.toml or checkpoint, DataError when one is broken.
TrainedMethod load_method(const std::filesystem::path& run);

// Projections [N, d] of two random views of up to `samples` images, evenly spaced over the data
// set.
struct ViewPair {
  Tensor z0, z1;
};
ViewPair embed_view_pairs(const TrainedMethod& trained, const Dataset& data, int64_t samples,
                          uint64_t seed);

}  // namespace likewise
