// likewise embed
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/initial.hpp"

namespace likewise::cli {

namespace {

struct EmbedOptions {
  std::string run, data, out;
  InitOptions init;
  int64_t threads = 0;
  template <class V>
  void fields(V& v) {
    v("run", run, "run folder, checkpoint or model whose encoder to use");
    init.fields(v);
    v("data", data, "images");
    v("out", out, "file to write: .npy, .safetensors or .csv; the names go to OUT.files.csv");
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
  }
};

void write_npy_file(const std::string& path, const Tensor& x) {
  NpyArray array{"f4", x.sizes().vec(), {}};
  const auto* bytes = static_cast<const uint8_t*>(x.data_ptr());
  array.bytes.assign(bytes, bytes + x.nbytes());
  write_file(path, write_npy(array));
}

void write_csv_file(const std::string& path, const Tensor& x, const Extraction& features,
                    const Dataset& data) {
  std::vector<std::string> header = {"path"};
  for (int64_t d = 0; d < x.size(1); ++d) header.push_back(fmt::format("f{}", d));
  std::string text = csv_line(header);
  for (int64_t n = 0; n < x.size(0); ++n) {
    text += csv_escape(data.name(features.index[static_cast<size_t>(n)]));
    const float* row = x.data_ptr<float>() + n * x.size(1);
    for (int64_t d = 0; d < x.size(1); ++d) text += fmt::format(",{:.8g}", row[d]);
    text += "\n";
  }
  write_file(path, text);
}

}  // namespace

int run_embed(const std::vector<std::string>& words) {
  EmbedOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print("Writes the features of images.\n\n"
               "  likewise embed --run runs/photos --data photos --out features.npy\n"
               "  likewise embed --init-from dinov2_vits14.pth --data photos --out features.npy\n\n{}",
               fields.help());
    return 0;
  }
  for (const auto& [value, name] : {std::pair{&options.data, "data"}, {&options.out, "out"}}) {
    if (value->empty()) throw UserError("embed: --{} is needed; see likewise embed --help", name);
  }
  const bool npy = options.out.ends_with(".npy"), csv = options.out.ends_with(".csv"),
             safetensors = options.out.ends_with(".safetensors");
  if (!npy && !csv && !safetensors) {
    throw UserError("--out {}: the ending says the format: .npy, .safetensors or .csv", options.out);
  }
  set_threads(static_cast<long>(options.threads));
  const TrainedEncoder model = open_encoder("embed", options.run, options.init);
  const DatasetPtr data = open_dataset(options.data);
  const Extraction features = extract_features(model, data, "features");
  const Tensor x = features.set.x.contiguous();
  if (npy) write_npy_file(options.out, x);
  if (safetensors) write_tensors(options.out, {{"features", x}}, {{"encoder", model.origin}});
  if (csv) write_csv_file(options.out, x, features, *data);
  if (!csv) {
    std::string files = csv_line({"path"});
    for (int64_t index : features.index) files += csv_line({data->name(index)});
    write_file(options.out + ".files.csv", files);
  }
  for (const auto& bad : features.bad) fmt::print(stderr, "left out: {}\n", bad);
  fmt::print("{} x {} features in {}{}\n", format_count(x.size(0)), x.size(1), options.out,
             csv ? "" : ", names in " + options.out + ".files.csv");
  return 0;
}

}  // namespace likewise::cli
