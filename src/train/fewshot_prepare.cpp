#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/splits.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/fewshot.hpp"
#include "likewise/train/prepare.hpp"
#include "likewise/train/run_folder.hpp"
#include "train/remembered.hpp"

namespace likewise {

namespace {

constexpr int64_t kTurns = 4;

void check_fewshot_folder(const FewShotOptions& options) {
  namespace fs = std::filesystem;
  if (options.out.empty()) throw UserError("--out: a folder for the run is needed");
  const RunFolder folder{options.out};
  if (options.resume && !fs::exists(folder.checkpoint())) {
    throw UserError("--resume: {} has no checkpoint to go on from", options.out);
  }
  if (!options.resume && !options.overwrite &&
      (fs::exists(folder.options()) || fs::exists(folder.checkpoint()))) {
    throw UserError(
        "--out {} holds a run already; --resume goes on with it, --overwrite replaces it",
        options.out);
  }
}

void settle_method(FewShotOptions& options) {
  const auto& defaults = fewshot::find_method(options.method).defaults;
  if (options.ways == 0) options.ways = defaults.shape.ways;
  if (options.shots == 0) options.shots = defaults.shape.shots;
  if (options.queries < 0) options.queries = defaults.shape.queries;
  if (options.tasks == 0) options.tasks = defaults.tasks;
  if (options.lr == 0) options.lr = defaults.lr;
  if (options.schedule == "auto") options.schedule = defaults.schedule;
  if (options.optimizer == "auto") options.optimizer = defaults.optimizer;
  if (options.weight_decay < 0) options.weight_decay = defaults.weight_decay;
  if (options.clip < 0) options.clip = defaults.clip;
  if (options.test.norms != "auto") {  // a slip is said now, not when training is over
    for (const auto& part : split(options.test.norms, ',')) fewshot::parse_norm(trim(part));
  }
  for (const auto* list : {&options.test.ways, &options.test.shots}) {
    if (list->empty()) throw UserError("--test.ways and --test.shots want at least one number");
  }
  if (!options.test.data.empty()) open_dataset(options.test.data);  // it is there; read at the end
  if (options.queries == 0 && options.method != "reptile") {
    throw UserError("--queries 0: only reptile learns without queries, {} needs at least 1",
                    options.method);
  }
}

std::vector<int64_t> held_out_domains(const Dataset& data, const std::string& names) {
  std::vector<int64_t> out;
  const auto& all = data.info().domain_names;
  for (const auto& part : split(names, ',')) {
    const std::string name = trim(part);
    const auto found = std::find(all.begin(), all.end(), name);
    if (found == all.end()) {
      throw UserError("--valid.domains: {} has no domain '{}'{}", data.info().name, name,
                      all.empty() ? std::string(": it has none") : did_you_mean(name, all));
    }
    out.push_back(found - all.begin());
  }
  return out;
}

// Whole classes (whole domains where episodes stay within them) go to validation.
SplitIndices split_classes(const Dataset& data, const FewShotOptions& options) {
  SplitIndices split;
  Rng rng(static_cast<uint64_t>(options.seed), {0x7a1d});
  std::map<int64_t, bool> held;
  const auto& valid = options.valid;
  const bool by_domain = !valid.domains.empty() || options.data.within_domains;
  const auto key = [&](int64_t i) { return by_domain ? data.domain(i) : data.label(i); };
  if (!valid.domains.empty()) {
    for (int64_t d : held_out_domains(data, valid.domains)) held[d] = true;
  } else {
    std::map<int64_t, bool> present;
    for (int64_t i = 0; i < data.size(); ++i) {
      if (key(i) >= 0) present[key(i)] = true;
    }
    std::vector<int64_t> keys;
    for (const auto& entry : present) keys.push_back(entry.first);
    const auto count = static_cast<int64_t>(keys.size());
    const auto wanted = static_cast<int64_t>(valid.share * static_cast<double>(count) + 0.5);
    for (int64_t at : rng.choose(count, std::min(wanted, std::max<int64_t>(0, count - 1)))) {
      held[keys[static_cast<size_t>(at)]] = true;
    }
  }
  for (int64_t i = 0; i < data.size(); ++i) {
    (held.count(key(i)) > 0 ? split.second : split.first).push_back(i);
  }
  return split;
}

int64_t class_total(const Dataset& data, const std::vector<int64_t>& rows) {
  std::map<int64_t, bool> seen;
  for (int64_t i : rows) {
    if (data.label(i) >= 0) seen[data.label(i)] = true;
  }
  return static_cast<int64_t>(seen.size());
}

struct OpenedParts {
  DatasetPtr train, valid;
};

OpenedParts open_parts(const FewShotOptions& options, ProgressLine& progress) {
  if (options.data.path.empty()) {
    throw UserError("--data: labelled images are needed; see likewise list datasets");
  }
  OpenedParts parts{open_dataset(options.data.path), nullptr};
  if (options.data.limit > 0 && options.data.limit < parts.train->size()) {
    parts.train = subset(parts.train, Rng(static_cast<uint64_t>(options.seed), {0x11817})
                                          .choose(parts.train->size(), options.data.limit));
  }
  const int64_t turns = options.data.quarter_turns ? kTurns : 1;
  fewshot::EpisodeSampler(
      fewshot::items_of(*parts.train, turns), {options.ways, options.shots, options.queries},
      {options.data.within_domains, options.data.within_share});  // says what
                                                                  // is wrong before any work
  if (!options.valid.data.empty()) {
    parts.valid = open_dataset(options.valid.data);
  } else if (options.valid.share > 0 || !options.valid.domains.empty()) {
    const SplitIndices split = split_classes(*parts.train, options);
    const int64_t held = class_total(*parts.train, split.second) * turns;
    const int64_t left = class_total(*parts.train, split.first) * turns;
    constexpr int64_t kLeast = 5;
    if (held < kLeast || left < options.ways) {
      if (!options.valid.domains.empty()) {
        throw UserError(
            "--valid.domains: {} classes would be held out and {} left for {}-way episodes", held,
            left, options.ways);
      }
      progress.say(
          fmt::format("validation: none, {} classes are too few to spare any; the last "
                      "checkpoint is kept",
                      left + held));
    } else {
      progress.say(fmt::format("validation: {} classes held out, {} left to train on",
                               format_count(held), format_count(left)));
      const DatasetPtr whole = parts.train;
      parts.valid = subset(whole, split.second);
      parts.train = subset(whole, split.first);
    }
  }
  return parts;
}

void settle_size(FewShotOptions& options, const ImageStats& stats, ProgressLine& progress) {
  constexpr int64_t kGrey = 28, kColour = 84;
  if (options.size == 0) {
    options.size =
        std::min(std::min(stats.height, stats.width), stats.channels == 1 ? kGrey : kColour);
  }
  if (stats.varied_sizes) {
    progress.say(fmt::format("size: images of several sizes become {0} x {0}", options.size));
  }
}

// Measures the training samples and decides what the encoder sees of one.
void settle_few_input(FewShotOptions& options, EncoderSpec& spec, const Dataset& data,
                      ProgressLine& progress) {
  spec.modality = data.info().modality;
  const InputKind& kind = input_kind(spec.modality);
  if (spec.modality != Modality::image && spec.modality != Modality::audio) {
    throw UserError("--data {}: episodes are made of images or recordings, these are {}",
                    data.info().name, kind.items);
  }
  constexpr int64_t kMeasured = 1000;
  if (spec.modality == Modality::image) {
    spec.stats = detail::remembered_stats(data, kMeasured);
    settle_size(options, spec.stats, progress);
    spec.views.size = options.size;
    spec.views = resolve(spec.views, spec.stats);
    return;
  }
  if (options.data.quarter_turns || options.distort.affine) {
    throw UserError("--{}: {} are not turned or distorted, only images are",
                    options.data.quarter_turns ? "data.quarter_turns" : "distort.affine",
                    kind.items);
  }
  spec.data = settled({}, data.info());
  const auto samples = sample_images(data, kMeasured);
  kind.measure(spec, samples, data.info());
  constexpr int64_t kSpectrogram = 32;
  spec.audio.size = options.size > 0 ? options.size : kSpectrogram;
  progress.say("views: " + kind.resolve(spec, samples));
  const InputShape shape = input_shape(spec);
  LIKEWISE_CHECK(shape.extent.size() == 2 && shape.extent[0] == shape.extent[1],
                 "spectrograms of {} dimensions", shape.extent.size());
  options.size = shape.side();
}

}  // namespace

fewshot::ImageTable load_test_images(const std::string& path, const EncoderSpec& spec, bool turns,
                                     int64_t max_bad, const std::string& say) {
  const DatasetPtr data = open_dataset(path, spec.data);
  if (data->info().modality != spec.modality) {
    throw UserError("--test.data {}: these are {}, training had {}", path,
                    input_kind(data->info().modality).items, input_kind(spec.modality).items);
  }
  return fewshot::load_images(data, eval_view(spec), turns ? kTurns : 1, say, max_bad);
}

FewShotData prepare_fewshot(FewShotOptions& options, ProgressLine& progress) {
  check_fewshot_folder(options);
  options.overwrite = false;  // not a property of the run
  settle_method(options);
  const OpenedParts parts = open_parts(options, progress);
  FewShotData out;
  if (options.resume) {
    out.spec = EncoderSpec::from_toml(
        load_checkpoint(RunFolder{options.out}.checkpoint()).meta("fewshot_spec"), options.out);
    options.size = input_shape(out.spec).side();
    options.encoder = out.spec.encoder;
  } else {
    settle_few_input(options, out.spec, *parts.train, progress);
    if (options.encoder.name == "auto") options.encoder.name = "conv4";
    options.encoder = resolve(options.encoder, options.size);
    out.spec.encoder = options.encoder;
  }
  const auto table = [&](const DatasetPtr& data, const char* say) {
    return std::make_unique<fewshot::ImageTable>(
        fewshot::load_images(data, eval_view(out.spec), options.data.quarter_turns ? kTurns : 1,
                             say, options.data.max_bad));
  };
  out.train = table(parts.train, options.progress == "none" ? "" : "reading what is trained on");
  if (parts.valid) {
    out.valid = table(parts.valid, options.progress == "none" ? "" : "reading what validates");
  }
  progress.say(fmt::format("data: {}, {} {} at {} px{}", parts.train->info().name,
                           format_count(parts.train->size()), input_kind(out.spec.modality).items,
                           options.size, options.data.quarter_turns ? ", each in four turns" : ""));
  return out;
}

}  // namespace likewise
