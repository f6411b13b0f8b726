#pragma once
// Learned views in a run: what viewmaker it has, and where one is kept.

#include <filesystem>
#include <memory>

#include "likewise/data/dataset.hpp"
#include "likewise/methods/learned_views.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/options.hpp"

namespace likewise {

// Decides what the user left open before the views are resolved: no recipe with --viewmaker alone;
// shape, domain and budget of the run that --viewmaker.from names. Throws UserError where that run
// has no viewmaker or the options contradict each other.
void settle_viewmaker(PretrainOptions& options);

// The viewmaker that a run needs, for views like `example` (one view, without the batch). Images
// are perturbed as pixels in [0, 1], everything else as it comes.
ViewmakerSpec viewmaker_spec(const ViewmakerOptions& options, const EncoderSpec& encoder,
                             const DatasetInfo& data, const Tensor& example);

// Those weights, from the viewmaker at `path`; UserError where they do not fit.
void load_viewmaker_weights(LearnedViews& views, const std::filesystem::path& path);

// The viewmaker in a run or a checkpoint. `load` throws UserError when there is none, DataError
// when it is damaged; `find` gives null instead of the former.
std::shared_ptr<LearnedViews> load_viewmaker(const std::filesystem::path& path);
std::shared_ptr<LearnedViews> find_viewmaker(const std::filesystem::path& path);

// Features of `count` learned views of every sample, one after the other ([count N, D]), in
// evaluation mode: what the viewmaker's authors train their linear probe on. Broken samples are
// left out.
FeatureSet learned_view_features(const TrainedEncoder& model, const LearnedViews& views,
                                 const DatasetPtr& data, int64_t count, uint64_t seed);

}  // namespace likewise
