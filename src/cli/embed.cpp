// likewise embed
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/options.hpp"
#include "likewise/data/open.hpp"
#include "likewise/io/feature_files.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/initial.hpp"
#include "likewise/train/pictures.hpp"

namespace likewise::cli {

namespace {

struct EmbedOptions {
  std::string run, data, out;
  InitOptions init;
  std::string format = "auto", metric = "cosine";
  int64_t threads = 0;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint or model whose encoder to use");
    init.fields(v);
    v("data", data, "images");
    v("out", out, "what to write; the ending says the format");
    v("format", format, "instead of the ending",
      choices({"auto", "npy", "safetensors", "csv", "faiss", "projector"}));
    v("metric", metric, "of a FAISS index; cosine is what likewise search does",
      choices({"cosine", "ip", "l2"}));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
  }
};

// The rows' names and labels; thumbnails are decoded when asked for.
NamedFeatures named(const Extraction& features, const TrainedEncoder& model,
                    const DatasetPtr& data) {
  NamedFeatures out;
  out.x = features.set.x.contiguous();
  out.origin = model.origin;
  const auto& classes = data->info().class_names;
  for (const int64_t index : features.index) {
    out.names.push_back(data->name(index));
    if (classes.empty()) continue;
    const int64_t label = data->label(index);
    out.labels.push_back(label < 0 ? "" : classes.at(static_cast<size_t>(label)));
  }
  constexpr int64_t kSide = 32;
  out.thumbnail = [&features, data, show = thumbnails(model.spec, kSide)](size_t row) {
    return show(data->get(features.index[row]).parts.at(0));
  };
  return out;
}

}  // namespace

int run_embed(const std::vector<std::string>& words) {
  EmbedOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Writes the features of images, a row each.\n\n"
        "  .npy, .safetensors, .csv   tables\n"
        "  .faiss, .index             a flat index for faiss.read_index\n"
        "  a folder, / at the end     for TensorBoard's projector\n\n"
        "Names and labels of the rows go to OUT.files.csv, or are in the table.\n\n"
        "  likewise embed --run runs/photos --data photos --out features.npy\n"
        "  likewise embed --init-from dinov2_vits14.pth --data photos --out features.npy\n\n{}",
        fields.help());
    return 0;
  }
  for (const auto& [value, name] : {std::pair{&options.data, "data"}, {&options.out, "out"}}) {
    if (value->empty()) throw UserError("embed: --{} is needed; see likewise embed --help", name);
  }
  const std::string format =
      options.format == "auto" ? feature_format(options.out) : options.format;
  if (options.metric != "cosine" && format != "faiss") {
    throw UserError("--metric {} is for a FAISS index; {} holds the features as they are",
                    options.metric, options.out);
  }
  set_threads(static_cast<long>(options.threads));
  const TrainedEncoder model = open_encoder("embed", options.run, options.init);
  const DatasetPtr data = open_dataset(options.data, model.spec.data);
  const Extraction features = extract_features(model, data, "features");
  const std::string said =
      write_features(options.out, format, named(features, model, data), options.metric);
  for (const auto& bad : features.bad) fmt::print(stderr, "left out: {}\n", bad);
  fmt::print("{}\n", said);
  return 0;
}

}  // namespace likewise::cli
