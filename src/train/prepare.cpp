#include "likewise/train/prepare.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "data/threads.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/decoded_cache.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/quarter_turns.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/methods/catalogue.hpp"
#include "likewise/nn/count.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/run_folder.hpp"
#include "train/duplicate_groups.hpp"
#include "train/remembered.hpp"
#include "train/run_views.hpp"

namespace likewise {

namespace fs = std::filesystem;

std::vector<Tensor> sample_images(const Dataset& data, int64_t count) {
  constexpr size_t kMostBytes = size_t{1} << 28;  // of recordings, which may be hours long
  const int64_t n = data.size(), wanted = std::min(n, count);
  std::vector<Tensor> images;
  std::string first_error;
  if (data.info().modality == Modality::image) {
    std::vector<Tensor> found(static_cast<size_t>(wanted));
    std::vector<std::string> errors(static_cast<size_t>(wanted));
    detail::for_each_in_parallel(
        wanted,
        [&](int64_t, int64_t k) {
          try {
            found[static_cast<size_t>(k)] = data.get(k * n / wanted).parts.at(0);
          } catch (const DataError& error) {
            errors[static_cast<size_t>(k)] = error.what();
          }
        },
        at::get_num_threads());
    for (size_t k = 0; k < found.size(); ++k) {
      if (found[k].defined()) images.push_back(std::move(found[k]));
      if (first_error.empty()) first_error = errors[k];
    }
  } else {
    const auto order = Rng(0, {0x5a3e}).permutation(wanted);
    size_t bytes = 0;
    for (int64_t k = 0; k < wanted && bytes < kMostBytes; ++k) {
      try {
        images.push_back(data.get(order[static_cast<size_t>(k)] * n / wanted).parts.at(0));
        bytes += images.back().nbytes();
      } catch (const DataError& error) {
        if (first_error.empty()) first_error = error.what();
      }
    }
  }
  if (images.empty()) {
    throw DataError("{}: none of {} {} could be read; the first: {}", data.info().name, wanted,
                    input_kind(data.info().modality).items, first_error);
  }
  return images;
}

namespace {

void check_folder(const PretrainOptions& options) {
  if (options.out.empty()) throw UserError("--out: a folder for the run is needed");
  const RunFolder folder{options.out};
  const bool has_run = fs::exists(folder.options()) || fs::exists(folder.checkpoint());
  if (options.resume && !fs::exists(folder.checkpoint())) {
    throw UserError("--resume: {} has no checkpoint to go on from", options.out);
  }
  if (has_run && !options.resume && !options.overwrite) {
    throw UserError("{} holds a run already; --resume goes on with it, --overwrite replaces it",
                    options.out);
  }
  if (!options.resume && !has_run && fs::exists(folder.root) && !fs::is_directory(folder.root)) {
    throw UserError("--out {}: this is a file, not a folder", options.out);
  }
  if (options.overwrite && !options.resume) {
    for (const auto& path : {folder.checkpoint(), folder.metrics(), folder.evaluation(),
                             folder.validation(), folder.report(), folder.options()}) {
      std::error_code ignored;
      fs::remove(path, ignored);
    }
    std::error_code ignored;
    fs::remove_all(folder.assets(), ignored);
    for (const auto& entry : fs::directory_iterator(folder.root, ignored)) {
      if (entry.path().filename().string().rfind("events.out.tfevents.", 0) == 0) {
        fs::remove(entry.path(), ignored);
      }
    }
  }
}

void settle_budget(PretrainOptions& options) {
  const int given = (options.epochs > 0) + (options.steps > 0) + (options.minutes > 0);
  if (given > 1) {
    throw UserError("the budget is given more than once; use one of --epochs, --steps, --minutes");
  }
  if (given == 0) options.epochs = 100;
  if (options.minutes > 0 && options.schedule.warmup >= 1) {
    throw UserError(
        "--schedule.warmup {}: with --minutes the warm-up is a part of the run, below 1",
        options.schedule.warmup);
  }
}

void settle_batch(PretrainOptions& options, const Dataset& data, ProgressLine& progress) {
  const int64_t n = data.size();
  if (n < 2) {
    const InputKind& kind = input_kind(data.info().modality);
    throw UserError("{}: {} {} cannot be told apart from others; at least 2 are needed",
                    data.info().name, n, n == 1 ? kind.item : kind.items);
  }
  if (n < options.batch) {
    progress.say(fmt::format("batch: {} instead of {}, since there are only {} {}", n,
                             options.batch, n, input_kind(data.info().modality).items));
    options.batch = n;
  }
  if (options.chunk > 0 && options.chunk < 2) {
    throw UserError("--chunk: batch statistics need at least 2 images at once");
  }
}

// Says which labels training looks at: whoever asks for learning without labels must not be given
// learning with them.
void settle_labels(const PretrainOptions& options, const SampleDemand& demand, const Dataset& data,
                   ProgressLine& progress) {
  if (!demand.labels && options.per_class == 0) return;
  int64_t labelled = 0;
  std::set<int64_t> classes;
  for (int64_t i = 0; i < data.size(); ++i) {
    if (data.label(i) < 0) continue;
    ++labelled;
    classes.insert(data.label(i));
  }
  if (labelled > 0) {
    progress.say(fmt::format("labels: training uses those of {} of {} {}, {} classes",
                             format_count(labelled), format_count(data.size()),
                             input_kind(data.info().modality).items,
                             format_count(static_cast<int64_t>(classes.size()))));
  } else if (options.per_class > 0) {
    throw UserError("--per_class {}: {} has no labels", options.per_class, data.info().name);
  } else {
    progress.say(fmt::format("labels: there are none; every {} is a class of its own",
                             input_kind(data.info().modality).item));
  }
}

constexpr int64_t kProcessorSide = 64;

// Without a GPU, and when neither a size nor a large encoder is asked for, photographs are made
// small: a processor sees a few dozen images a second at 224 pixels, and hundreds at 64. True when
// they are.
bool shrink_for_processor(PretrainOptions& options, c10::Device device, const ImageStats& stats) {
  const bool free = options.views.size == 0 && device.is_cpu() &&
                    (options.encoder.name == "auto" || options.encoder.name == "small");
  if (!free || resolve(options.views, stats).size <= kProcessorSide) return false;
  options.views.size = kProcessorSide;
  return true;
}

// Encoder, size and normalisation of the weights to begin with, where the user leaves them open.
void adopt(PretrainOptions& options, const EncoderSpec& from, bool normalise, ImageStats& stats,
           ProgressLine& progress) {
  if (options.encoder.name != "auto") return;
  const EncoderOptions asked = options.encoder;
  options.encoder = from.encoder;
  if (asked.patch > 0) options.encoder.patch = asked.patch;
  if (asked.heads > 0) options.encoder.heads = asked.heads;
  if (asked.stem != "auto") options.encoder.stem = asked.stem;
  if (options.views.size == 0) {
    options.views.size = from.views.size;
    progress.say(
        fmt::format("size: {} px, which the weights were made for; --views.size changes it",
                    options.views.size));
  }
  if (!normalise) return;
  const auto fit = [&](const std::vector<double>& values) {
    if (static_cast<int64_t>(values.size()) == stats.channels) return values;
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    return std::vector<double>(static_cast<size_t>(stats.channels),
                               sum / static_cast<double>(values.size()));
  };
  stats.mean = fit(from.stats.mean);
  stats.std = fit(from.stats.std);
}

// What --init_from is, if it is not ours; and its encoder in place of "auto".
std::optional<ForeignEncoder> settle_start(PretrainOptions& options, ImageStats& stats,
                                           ProgressLine& progress) {
  const WeightPath path = parse_weight_path(options.init_from);
  if (!fs::exists(path.file)) throw UserError("--init_from: there is no {}", path.file);
  if (is_own(path.file)) {
    adopt(options, load_encoder(path.file).spec, false, stats, progress);
    return std::nullopt;
  }
  const WeightFile file(path.file);
  try {
    ForeignEncoder foreign = recognise(file, path.part);
    adopt(options, foreign_spec(foreign, {}), true, stats, progress);
    return foreign;
  } catch (const UserError&) {
    // Weights of one of our own encoders by themselves: the user says which.
    if (options.encoder.name == "auto" || !path.part.empty()) throw;
    return std::nullopt;
  }
}

// The input of samples that are no images: own weights to begin with say which encoder.
void settle_own_start(PretrainOptions& options, Modality modality) {
  const WeightPath path = parse_weight_path(options.init_from);
  if (!fs::exists(path.file)) throw UserError("--init_from: there is no {}", path.file);
  if (!is_own(path.file)) {
    throw UserError("--init_from {}: weights of others are for images, and the data are {}",
                    options.init_from, input_kind(modality).items);
  }
  const EncoderSpec from = load_encoder(path.file).spec;
  if (from.modality != modality) {
    throw UserError("--init_from {}: an encoder of {}, and the data are {}", options.init_from,
                    input_kind(from.modality).items, input_kind(modality).items);
  }
  if (options.encoder.name == "auto") options.encoder = from.encoder;
}

constexpr int64_t kMeasured = 1000;  // samples

// Measures, and decides views and input.
void settle_input(PretrainOptions& options, PreparedRun& run, ProgressLine& progress) {
  EncoderSpec& spec = run.spec;
  const DatasetInfo& info = run.data->info();
  spec.modality = info.modality;
  spec.data = settled(options.data.open, info);
  const InputKind& kind = input_kind(spec.modality);
  const bool images = spec.modality == Modality::image;
  std::vector<Tensor> samples;
  if (options.resume) {
    const auto saved = EncoderSpec::from_toml(
        load_checkpoint(RunFolder{options.out}.checkpoint()).meta("spec"), options.out);
    spec.stats = saved.stats;
    spec.signal = saved.signal;
  } else if (images) {
    spec.stats = detail::remembered_stats(*run.data, kMeasured);
  } else {
    samples = sample_images(*run.data, kMeasured);
    kind.measure(spec, samples, info);
  }
  bool made_small = false;
  if (!options.init_from.empty() && !options.resume) {
    if (images) {
      run.foreign = settle_start(options, spec.stats, progress);
    } else {
      settle_own_start(options, spec.modality);
    }
  }
  if (images) made_small = shrink_for_processor(options, run.device, spec.stats);
  spec.views = options.views, spec.audio = options.audio;
  spec.series = options.series, spec.tensor = options.tensor;
  const std::string decided = kind.resolve(spec, samples);
  options.views = spec.views, options.audio = spec.audio;
  options.series = spec.series, options.tensor = spec.tensor;
  progress.say("views: " + decided);
  if (made_small) {
    progress.say(
        fmt::format("size: {0} px is what a processor can learn from in minutes; --views.size 224 "
                    "looks closer and takes some {1:.0f} times as long",
                    options.views.size, std::pow(224.0 / kProcessorSide, 2)));
  }
}

void settle_precision(PretrainOptions& options, c10::Device device, ProgressLine& progress) {
  if (options.precision != "auto") return;
  const PrecisionChoice choice =
      device.is_cpu() ? detail::remembered_precision() : choose_precision(device.type());
  options.precision = precision_name(choice.precision);
  progress.say(fmt::format("precision: {} ({})", options.precision, choice.reason));
}

}  // namespace

PreparedRun prepare_run(PretrainOptions& options, const SampleDemand& demand,
                        ProgressLine& progress) {
  check_folder(options);
  options.overwrite = false;  // not a property of the run
  find_method(options.method);
  settle_budget(options);
  if (options.knn_train.empty() != options.knn_test.empty()) {
    throw UserError("--knn.train and --knn.test go together");
  }
  if (options.data.path.empty()) {
    throw UserError(
        "--data: a folder, a file or a built-in data set is needed; see likewise list "
        "datasets");
  }

  PreparedRun run;
  run.device = choose_device(options.device);
  if (!run.device.is_cpu()) {
    progress.say(fmt::format("device: {}; {}", run.device.str(), gpu_facts().text()));
  }
  options.data.open.modality = options.modality;
  run.data = open_dataset(options.data.path, options.data.open);
  options.modality = modality_name(run.data->info().modality);
  const InputKind& kind = input_kind(run.data->info().modality);
  if (options.data.limit > 0 && options.data.limit < run.data->size()) {
    run.data = subset(run.data, Rng(static_cast<uint64_t>(options.seed), {0x11817})
                                    .choose(run.data->size(), options.data.limit));
  }
  if (options.data.quarter_turns && run.data->info().modality != Modality::image) {
    throw UserError("--data.quarter_turns is for images, and the data are {}", kind.items);
  }
  if (options.data.quarter_turns) run.data = with_quarter_turns(run.data);
  settle_batch(options, *run.data, progress);
  settle_labels(options, demand, *run.data, progress);
  if (options.data.cache_mb > 0) run.data = decoded_cache(run.data, options.data.cache_mb << 20);
  progress.say(fmt::format("data: {}, {} {} ({})", run.data->info().name,
                           format_count(run.data->size()), kind.items, run.data->info().kind));
  for (size_t i = 0; i < run.data->info().skipped.size(); ++i) {
    constexpr size_t kShown = 5;
    if (i == kShown) {
      progress.say(fmt::format("... and {} more", run.data->info().skipped.size() - kShown));
      break;
    }
    progress.say("left out: " + run.data->info().skipped[i]);
  }
  settle_viewmaker(options);
  settle_input(options, run, progress);
  const InputShape shape = input_shape(run.spec);
  options.encoder = resolve(options.encoder, shape);
  run.spec.encoder = options.encoder;
  {
    const auto encoder = run.spec.make();
    progress.say(fmt::format(
        "encoder: {}, {} parameters, {} features, {:.1f} M multiply-adds {} {}",
        options.encoder.name, format_count(parameter_count(*encoder)), encoder->feature_dim(),
        static_cast<double>(multiply_adds(*encoder, shape)) / 1e6, kind.item[0] == 'i' ? "an" : "a",
        kind.item));
  }
  settle_precision(options, run.device, progress);

  detail::settle_views(options, demand, run);
  if (demand.duplicates) {
    constexpr double kNear = 0.95;
    run.duplicates = duplicate_groups(*run.data, kNear, run.spec);
    progress.say(fmt::format("near-duplicates: {} of {} {} have one",
                             format_count((run.duplicates >= 0).sum().item<int64_t>()),
                             format_count(run.data->size()), kind.items));
  }
  run.loader.per_class = options.per_class;
  run.loader.labelled = options.labelled;
  run.loader.batch = options.batch;
  run.loader.threads = std::max<int64_t>(1, options.data.workers);
  run.loader.seed = static_cast<uint64_t>(options.seed);
  run.loader.max_bad = options.data.max_bad;
  run.loader.pinned = run.device.is_cuda();
  if (!options.knn_train.empty()) {
    run.knn_train = open_dataset(options.knn_train, run.spec.data);
    run.knn_test = open_dataset(options.knn_test, run.spec.data);
  }
  return run;
}

void load_initial_weights(Encoder& encoder, const std::string& path,
                          const std::optional<ForeignEncoder>& foreign, ProgressLine& progress) {
  LoadReport report;
  if (foreign) {
    report = load_foreign(encoder, *foreign);
  } else if (is_own(path)) {
    report = load_tensors(encoder, named_tensors(*load_encoder(path).encoder), Match::kLenient);
  } else {
    report = load_tensors(encoder, WeightFile(path).read_all(), Match::kLenient);
  }
  if (report.matched == 0) {
    throw UserError("--init_from {}: no weight fits this encoder; {}", path, report.text());
  }
  progress.say(fmt::format("weights from {}{}: {}", path,
                           foreign ? " (" + foreign->family + ")" : "", report.text()));
}

}  // namespace likewise
