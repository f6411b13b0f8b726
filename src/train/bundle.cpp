#include "likewise/train/bundle.hpp"

#include <ATen/ops/adaptive_avg_pool1d.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/base/progress.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise {

namespace fs = std::filesystem;

std::string EncoderSpec::to_toml() const {
  EncoderSpec copy = *this;
  std::string kind = modality_name(modality);
  Fields fields;
  if (modality != Modality::image)
    fields("modality", kind, "");  // files of images say nothing of it
  copy.fields(fields);
  return fields.to_toml();
}

EncoderSpec EncoderSpec::from_toml(const std::string& text, const std::string& name) {
  EncoderSpec spec;
  try {
    std::string kind = peek_toml(text, name, "modality", "image");
    spec.modality = parse_modality(kind);
    Fields fields;
    fields("modality", kind, "");
    spec.fields(fields);
    fields.read_toml(text, name);
    spec.data.modality = kind;
  } catch (const UserError& error) {  // nobody wrote it by hand
    throw DataError("{}: the description of the encoder is damaged: {}", name, error.what());
  }
  return spec;
}

std::shared_ptr<Encoder> EncoderSpec::make(uint64_t seed) const {
  return make_encoder(encoder, input_shape(*this), Rng(seed, {0x1417}));
}

namespace {

fs::path weights_file(const fs::path& path) {
  if (!fs::exists(path)) throw UserError("there is no run or model {}", path.string());
  if (!fs::is_directory(path)) return path;
  for (const auto& file : {RunFolder{path}.checkpoint(), path / "model.safetensors"}) {
    if (fs::exists(file)) return file;
  }
  throw UserError(
      "{} is neither a run (no checkpoints/last.safetensors) nor a model (no "
      "model.safetensors)",
      path.string());
}

// Runs `work` on every batch of prepared images, in order.
template <class Work>
Extraction for_each_batch(const EncoderSpec& spec, const DatasetPtr& data, const std::string& say,
                          int64_t max_bad, Work&& work) {
  LoaderOptions options;
  options.shuffle = false;
  options.max_bad = max_bad;
  Loader loader(data, {eval_view(spec)}, options);
  ProgressLine progress(say.empty() ? "none" : "auto");
  const at::NoGradGuard no_grad;
  Extraction out;
  std::vector<Tensor> rows, labels, domains;
  const int64_t steps = loader.steps_per_epoch();
  for (int64_t step = 0; step < steps; ++step) {
    check_interrupt();
    const Batch batch = loader.next();
    if (batch.index.size(0) == 0) continue;
    rows.push_back(work(batch.views[0]));
    labels.push_back(batch.labels);
    domains.push_back(batch.domains);
    const int64_t* index = batch.index.data_ptr<int64_t>();
    out.index.insert(out.index.end(), index, index + batch.index.size(0));
    progress.update(static_cast<double>(step) / static_cast<double>(steps), say);
  }
  out.bad = loader.bad_samples();
  if (rows.empty()) {
    throw DataError("{}: none of {} {} could be read; the first: {}", data->info().name,
                    data->size(), input_kind(spec.modality).items,
                    out.bad.empty() ? "?" : out.bad[0]);
  }
  out.bad.insert(out.bad.begin(), data->info().skipped.begin(), data->info().skipped.end());
  out.set.x = at::cat(rows);
  out.set.y = at::cat(labels);
  out.set.domain = at::cat(domains);
  out.set.class_names = data->info().class_names;
  return out;
}

}  // namespace

TrainedEncoder load_encoder(const fs::path& path) {
  const Checkpoint checkpoint = load_checkpoint(weights_file(path));
  TrainedEncoder model;
  model.spec = EncoderSpec::from_toml(checkpoint.meta("spec"), checkpoint.path);
  model.origin = checkpoint.path;
  model.encoder = model.spec.make();
  NamedTensors weights = checkpoint.under("ema.");
  if (weights.empty()) weights = checkpoint.under("model.encoder.");
  const LoadReport report = load_tensors(*model.encoder, weights, Match::kLenient);
  if (!report.complete()) {
    throw DataError("{}: the weights do not fit the encoder described there: {}", checkpoint.path,
                    report.text());
  }
  model.encoder->eval();
  return model;
}

TrainedEncoder untrained_encoder(const EncoderSpec& spec, uint64_t seed) {
  TrainedEncoder model{spec, spec.make(seed), "untrained"};
  model.encoder->eval();
  return model;
}

Extraction extract_features(const TrainedEncoder& model, const DatasetPtr& data,
                            const std::string& say, int64_t max_bad) {
  const c10::Device device = device_of(*model.encoder);
  return for_each_batch(model.spec, data, say, max_bad, [&](const Tensor& x) {
    const Tensor h = model.encoder->forward(channels_last(x.to(device)));
    return h.to(at::kCPU, at::kFloat).contiguous();
  });
}

Extraction extract_pixels(const EncoderSpec& spec, const DatasetPtr& data, int64_t max_bad) {
  constexpr int64_t kMostFrames = 1024;
  const int64_t most_side = spec.modality == Modality::image ? 32 : 64;
  return for_each_batch(spec, data, "", max_bad, [=](const Tensor& x) {
    Tensor pixels = x;
    if (x.dim() == 4 && (x.size(2) > most_side || x.size(3) > most_side)) {
      pixels = at::adaptive_avg_pool2d(x, {most_side, most_side});
    } else if (x.dim() == 3 && x.size(2) > kMostFrames) {
      pixels = at::adaptive_avg_pool1d(x, {kMostFrames});
    }
    return pixels.contiguous().flatten(1).clone();
  });
}

}  // namespace likewise
