#include "likewise/train/learned.hpp"

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

Checkpoint checkpoint_at(const fs::path& path) {
  return load_checkpoint(fs::is_directory(path) ? RunFolder{path}.checkpoint() : path);
}

std::shared_ptr<LearnedViews> viewmaker_in(const Checkpoint& checkpoint) {
  if (checkpoint.metadata.count("viewmaker") == 0) return nullptr;
  const auto spec = ViewmakerSpec::from_toml(checkpoint.meta("viewmaker"), checkpoint.path);
  auto views = std::make_shared<LearnedViews>(spec, Rng(0));
  const LoadReport report =
      load_tensors(*views->network(), checkpoint.under("viewmaker."), Match::kLenient);
  if (!report.complete()) {
    throw DataError("{}: the weights do not fit the viewmaker described there: {}", checkpoint.path,
                    report.text());
  }
  return views;
}

}  // namespace

std::shared_ptr<LearnedViews> find_viewmaker(const fs::path& path) {
  return viewmaker_in(checkpoint_at(path));
}

std::shared_ptr<LearnedViews> load_viewmaker(const fs::path& path) {
  auto views = find_viewmaker(path);
  if (!views) {
    throw UserError("{} has no viewmaker: it was trained without --viewmaker alone|after",
                    path.string());
  }
  return views;
}

void load_viewmaker_weights(LearnedViews& views, const fs::path& path) {
  const auto from = load_viewmaker(path);
  if (from->spec().kind != views.spec().kind || from->spec().features != views.spec().features) {
    throw UserError("--viewmaker.from {}: it is for {} of {} channels, the data are {} of {}",
                    path.string(), from->spec().kind, from->spec().features, views.spec().kind,
                    views.spec().features);
  }
  load_tensors(*views.network(), named_tensors(*from->network()));
}

void settle_viewmaker(PretrainOptions& options) {
  ViewmakerOptions& own = options.viewmaker;
  if (!own.on()) {
    if (!own.from.empty()) {
      throw UserError("--viewmaker.from needs --viewmaker alone or --viewmaker after");
    }
    return;
  }
  if (own.use == "alone") {
    for (std::string* recipe : {&options.views.recipe, &options.audio.recipe,
                                &options.series.recipe, &options.tensor.recipe}) {
      if (*recipe != "auto" && *recipe != "none") {
        throw UserError(
            "--viewmaker alone leaves no room for --views.recipe {}; --viewmaker after puts "
            "learned views "
            "behind those",
            *recipe);
      }
      *recipe = "none";
    }
  }
  if (!own.from.empty() && !options.resume) {
    const ViewmakerSpec from = load_viewmaker(own.from)->spec();
    own.shape = from.shape;
    own.domain = from.domain;
    if (own.budget == 0) own.budget = from.budget;
  }
  if (own.budget == 0) own.budget = 0.05;
}

ViewmakerSpec viewmaker_spec(const ViewmakerOptions& options, const EncoderSpec& encoder,
                             const DatasetInfo& data, const Tensor& example) {
  ViewmakerSpec spec;
  spec.kind = viewmaker_kind_name(viewmaker_kind_of_batch(example.unsqueeze(0)));
  spec.features = example.size(0);
  if (data.modality == Modality::image) {
    spec.mean = encoder.stats.mean;
    spec.std = encoder.stats.std;
    spec.high = 1;
  }
  spec.budget = options.budget;
  spec.norm = options.norm;
  spec.clamp = options.clamp;
  spec.domain = options.domain;
  spec.shape = options.shape;
  return spec;
}

FeatureSet learned_view_features(const TrainedEncoder& model, const LearnedViews& views,
                                 const DatasetPtr& data, int64_t count, uint64_t seed) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> rows, labels, domains;
  for (int64_t k = 0; k < count; ++k) {
    LoaderOptions options;
    options.shuffle = false;
    options.max_bad = data->size();
    Loader loader(data, {eval_view(model.spec)}, options);
    int64_t first = 0;
    for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
      check_interrupt();
      const Batch batch = loader.next();
      if (batch.index.size(0) == 0) continue;
      const Tensor view =
          views.view(channels_last(batch.views[0]), {viewmaker_noise(seed, 0, 6, k), first});
      first += view.size(0);
      const Tensor h = model.encoder->forward(view.to(device_of(*model.encoder)));
      rows.push_back(h.to(at::kCPU, at::kFloat).contiguous());
      labels.push_back(batch.labels);
      domains.push_back(batch.domains);
    }
  }
  if (rows.empty()) throw DataError("{}: no sample could be read", data->info().name);
  FeatureSet out;
  out.x = at::cat(rows);
  out.y = at::cat(labels);
  out.domain = at::cat(domains);
  out.class_names = data->info().class_names;
  return out;
}

}  // namespace likewise
