#include "likewise/train/initial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

double average(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void set_norm(const std::string& norm, ImageStats& stats) {
  if (norm == "imagenet") {
    stats.mean = {0.485, 0.456, 0.406};
    stats.std = {0.229, 0.224, 0.225};
  } else if (norm == "half") {
    stats.mean = stats.std = {0.5, 0.5, 0.5};
  } else if (norm == "clip") {
    stats.mean = {0.48145466, 0.4578275, 0.40821073};
    stats.std = {0.26862954, 0.26130258, 0.27577711};
  }
}

TrainedEncoder foreign_encoder(const InitOptions& options) {
  const WeightPath path = parse_weight_path(options.from);
  const WeightFile file(path.file);
  const ForeignEncoder foreign = recognise(file, path.part);
  TrainedEncoder model;
  model.spec = foreign_spec(foreign, options);
  model.origin = options.from;
  model.encoder = model.spec.make();
  const LoadReport report = load_foreign(*model.encoder, foreign);
  if (!report.missing.empty() || !report.mismatched.empty() || !report.unexpected.empty()) {
    throw DataError("{}: looks like {}, but does not fit {}: {}", options.from, foreign.family,
                    foreign.encoder.name, report.text());
  }
  model.encoder->eval();
  fmt::print(stderr, "{}: {}, {} features, images at {} px{}\n", options.from, foreign.encoder.name,
             model.encoder->feature_dim(), model.spec.views.size,
             foreign.assumed.empty() || options.norm != "auto" ? "" : "; " + foreign.assumed);
  fmt::print(stderr, "  {} in {}{}: {}\n", foreign.family, file.format(),
             foreign.prefix.empty() ? "" : ", behind '" + foreign.prefix + "'", report.text());
  if (!foreign.others.empty()) {
    fmt::print(stderr, "  further encoders, chosen by {}#PREFIX: {}\n", path.file,
               join(foreign.others, ", "));
  }
  return model;
}

}  // namespace

WeightPath parse_weight_path(const std::string& text) {
  const auto mark = text.rfind('#');
  if (mark == std::string::npos || fs::exists(text)) return {text, ""};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

bool is_own(const std::string& path) {
  if (fs::is_directory(path) && fs::exists(RunFolder{path}.checkpoint())) return true;
  return WeightFile(path).values().count("spec") > 0;
}

EncoderSpec foreign_spec(const ForeignEncoder& foreign, const InitOptions& options) {
  if (foreign.channels != 1 && foreign.channels != 3) {
    throw UserError("{}: an encoder for images of {} channels; images here have 1 or 3",
                    options.from, foreign.channels);
  }
  EncoderSpec spec;
  spec.encoder = foreign.encoder;
  spec.data.modality = "image";
  spec.views.size = options.size > 0 ? options.size : foreign.image_size;
  const int64_t size = spec.views.size, patch = foreign.encoder.patch;
  if (patch > 0 && size % patch != 0) {
    throw UserError("--init_size {}: patches of {} pixels do not divide it; {} would do", size,
                    patch, std::max(patch, (size + patch / 2) / patch * patch));
  }
  spec.stats.height = spec.stats.width = size;
  spec.stats.channels = foreign.channels;
  spec.stats.mean = foreign.mean;
  spec.stats.std = foreign.std;
  set_norm(options.norm, spec.stats);
  if (foreign.channels == 1) {
    spec.stats.mean = {average(spec.stats.mean)};
    spec.stats.std = {average(spec.stats.std)};
  }
  spec.views.recipe = size <= 96 ? "cifar" : "natural";
  spec.views.fit = "crop";
  spec.views.eval_crop = std::isnan(options.crop) ? foreign.crop : options.crop;
  spec.views = resolve(spec.views, spec.stats);
  return spec;
}

TrainedEncoder open_encoder(const std::string& command, const std::string& run,
                            const InitOptions& init) {
  if (run.empty() == init.from.empty()) {
    throw UserError("{}: {} is needed; see likewise {} --help", command,
                    run.empty() ? "--run (a run folder) or --init-from (weights of others)"
                                : "one of --run and --init-from, not both,",
                    command);
  }
  const std::string& path = run.empty() ? init.from : run;
  // A run that is not there has its own message.
  const bool is_other = run.empty() || fs::exists(fs::path(run) / "config.json") ||
                        (fs::exists(run) && !fs::is_directory(run));
  const c10::Device device = choose_device(init.device);
  const auto open = [&] {
    if (!is_other || (fs::exists(path) && is_own(path))) return load_encoder(path);
    InitOptions from = init;
    from.from = path;
    return foreign_encoder(from);
  };
  TrainedEncoder model = open();
  model.encoder->to(device);
  return model;
}

}  // namespace likewise
