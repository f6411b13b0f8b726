// likewise search, duplicates, suggest: looking around in features.
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/data/with_labels.hpp"
#include "likewise/eval/duplicates.hpp"
#include "likewise/eval/search.hpp"
#include "likewise/eval/select.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/train/initial.hpp"

namespace likewise::cli {

namespace {

struct ExploreOptions {
  std::string run, data, out;
  InitOptions init;
  int64_t threads = 0;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint or model whose encoder to use");
    init.fields(v);
    v("data", data, "images");
    v("out", out, "CSV file to write; none: to the terminal");
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
  }
};

struct SearchOptions : ExploreOptions {
  std::string query;
  int64_t count = 10;
  template <class V>
  void fields(V& v) {
    ExploreOptions::fields(v);
    v("query", query, "file whose nearest neighbours are wanted, or the name of a sample");
    v("count", count, "how many", range(1, 1e6));
  }
};

struct DuplicateOptions : ExploreOptions {
  double threshold = 0.98;
  template <class V>
  void fields(V& v) {
    ExploreOptions::fields(v);
    v("threshold", threshold, "cosine above which two images count as the same", range(0.01, 1));
  }
};

struct SuggestOptions : ExploreOptions {
  std::string labels;
  SelectOptions select;
  template <class V>
  void fields(V& v) {
    ExploreOptions::fields(v);
    v("labels", labels, "CSV with columns path and label: what is labelled already");
    select.fields(v);
  }
};

// Parses, checks and prepares; false when only help was asked for.
template <class Options>
bool begin(const char* command, const char* what, const std::vector<std::string>& words,
           Options& options) {
  Fields fields(options);
  if (parse_arguments(words, fields).help) {
    fmt::print("{}\n\n{}", what, fields.help());
    return false;
  }
  if ((options.run.empty() && options.init.from.empty()) || options.data.empty()) {
    throw UserError("{}: --run (or --init-from) and --data are needed; see likewise {} --help",
                    command, command);
  }
  set_threads(static_cast<long>(options.threads));
  return true;
}

void finish(const ExploreOptions& options, const std::string& table, const Extraction& features) {
  if (options.out.empty()) {
    fmt::print("{}", table);
  } else {
    write_file(options.out, table);
    fmt::print("{}\n", options.out);
  }
  for (const auto& bad : features.bad) fmt::print(stderr, "left out: {}\n", bad);
}

// The sample to look for: a file, or the name of a sample of the data.
DatasetPtr query_dataset(const std::string& query, const InputSpec& spec, const DatasetPtr& data) {
  if (spec.modality == Modality::image) {
    return memory_dataset(to_tensor(read_image(query)).unsqueeze(0));
  }
  for (int64_t i = 0; i < data->size(); ++i) {
    if (data->name(i) == query) return subset(data, {i});
  }
  if (spec.modality == Modality::tensor) {
    throw UserError("--query {}: {} has no sample of that name; they are like '{}'", query,
                    data->info().name, data->name(0));
  }
  return subset(open_dataset(query, spec.data), {0});  // of a long series the first window
}

}  // namespace

int run_search(const std::vector<std::string>& words) {
  SearchOptions options;
  if (!begin("search", "Finds the images nearest to an image.", words, options)) return 0;
  if (options.query.empty()) throw UserError("search: --query is needed: a file");
  const TrainedEncoder model = open_encoder("search", options.run, options.init);
  const DatasetPtr data = open_dataset(options.data, model.spec.data);
  const Extraction query = extract_features(model, query_dataset(options.query, model.spec, data));
  const Extraction features = extract_features(model, data, options.out.empty() ? "" : "features");
  const Neighbours found = top_k(query.set.x, features.set.x, options.count);
  std::string table = csv_line({"path", "cosine"});
  for (int64_t k = 0; k < found.indices.size(1); ++k) {
    const auto row = found.indices[0][k].item<int64_t>();
    table += csv_line({data->name(features.index[static_cast<size_t>(row)]),
                       fmt::format("{:.4f}", found.scores[0][k].item<float>())});
  }
  finish(options, table, features);
  return 0;
}

int run_duplicates(const std::vector<std::string>& words) {
  DuplicateOptions options;
  if (!begin("duplicates", "Finds groups of nearly equal images.", words, options)) return 0;
  const TrainedEncoder model = open_encoder("duplicates", options.run, options.init);
  const DatasetPtr data = open_dataset(options.data, model.spec.data);
  const Extraction features = extract_features(model, data, options.out.empty() ? "" : "features");
  const auto groups = near_duplicates(features.set.x, options.threshold);
  std::string table = csv_line({"group", "path"});
  for (size_t g = 0; g < groups.size(); ++g) {
    for (int64_t row : groups[g]) {
      table += csv_line({std::to_string(g), data->name(features.index[static_cast<size_t>(row)])});
    }
  }
  finish(options, table, features);
  fmt::print(stderr, "{} groups\n", groups.size());
  return 0;
}

int run_suggest(const std::vector<std::string>& words) {
  SuggestOptions options;
  if (!begin("suggest", "Says which images to label next.", words, options)) return 0;
  const TrainedEncoder model = open_encoder("suggest", options.run, options.init);
  DatasetPtr data = open_dataset(options.data, model.spec.data);
  if (!options.labels.empty()) data = with_labels(data, options.labels);
  const Extraction features = extract_features(model, data, options.out.empty() ? "" : "features");
  std::vector<int64_t> labelled_rows;
  if (!options.labels.empty()) {
    for (size_t row = 0; row < features.index.size(); ++row) {
      if (data->label(features.index[row]) >= 0) labelled_rows.push_back(static_cast<int64_t>(row));
    }
  }
  const Suggestion found = suggest(features.set.x, labelled_rows, options.select);
  std::string table = csv_line({"path", "score"});
  for (size_t k = 0; k < found.rows.size(); ++k) {
    table += csv_line({data->name(features.index[static_cast<size_t>(found.rows[k])]),
                       fmt::format("{:.4f}", found.scores[k])});
  }
  finish(options, table, features);
  return 0;
}

}  // namespace likewise::cli
