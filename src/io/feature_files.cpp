#include "likewise/io/feature_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/faiss.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

std::span<const float> values_of(const Tensor& x) {
  return {x.data_ptr<float>(), static_cast<size_t>(x.numel())};
}

void write_npy_table(const fs::path& path, const Tensor& x) {
  NpyArray array{"f4", x.sizes().vec(), {}};
  const auto* bytes = static_cast<const uint8_t*>(x.data_ptr());
  array.bytes.assign(bytes, bytes + x.nbytes());
  write_file(path, write_npy(array));
}

// Rows of numbers, shortest digits that give the same float again.
void write_rows(const fs::path& path, const NamedFeatures& f, const std::string& header,
                const std::function<std::string(size_t)>& start, char separator) {
  const auto d = static_cast<size_t>(f.x.size(1)), n = static_cast<size_t>(f.x.size(0));
  const auto values = values_of(f.x);
  write_file(path, [&](const Sink& sink) {
    std::string text = header;
    for (size_t i = 0; i < n; ++i) {
      text += start(i);
      for (size_t j = 0; j < d; ++j) {
        if (j > 0) text += separator;
        text += fmt::format("{}", values[i * d + j]);
      }
      text += '\n';
      if (text.size() > 1 << 20 || i + 1 == n) {
        sink({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
        text.clear();
      }
    }
  });
}

void write_csv_table(const fs::path& path, const NamedFeatures& f) {
  std::vector<std::string> header = {"path"};
  if (!f.labels.empty()) header.emplace_back("label");
  for (int64_t j = 0; j < f.x.size(1); ++j) header.push_back(fmt::format("f{}", j));
  write_rows(
      path, f, csv_line(header),
      [&](size_t i) {
        std::string start = csv_escape(f.names[i]) + ",";
        if (!f.labels.empty()) start += csv_escape(f.labels[i]) + ",";
        return start;
      },
      ',');
}

// Rows of length one; a row of zeros stays.
std::vector<float> unit_rows(const Tensor& x) {
  const auto values = values_of(x);
  std::vector<float> out(values.begin(), values.end());
  const auto d = static_cast<size_t>(x.size(1));
  for (size_t begin = 0; begin < out.size(); begin += d) {
    double squares = 0;
    for (size_t j = 0; j < d; ++j) squares += static_cast<double>(out[begin + j]) * out[begin + j];
    if (squares == 0) continue;
    const double scale = 1 / std::sqrt(squares);
    for (size_t j = 0; j < d; ++j) out[begin + j] = static_cast<float>(out[begin + j] * scale);
  }
  return out;
}

void write_faiss(const fs::path& path, const Tensor& x, const std::string& metric) {
  if (metric == "cosine") {
    write_faiss_flat(path, unit_rows(x), x.size(1), FaissMetric::kInnerProduct);
  } else {
    write_faiss_flat(path, values_of(x), x.size(1),
                     metric == "l2" ? FaissMetric::kL2 : FaissMetric::kInnerProduct);
  }
}

// Tabs and line breaks would end a field of the projector's table, which knows no quotes.
std::string plain(std::string text) {
  for (char& c : text) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

// The thumbnails side by side in rows of ceil(sqrt N); none when that is wider than browsers take.
std::vector<uint8_t> sprite(const NamedFeatures& f, int64_t& side) {
  constexpr int64_t kMostPixels = 8192;
  if (!f.thumbnail || f.names.empty()) return {};
  const auto n = static_cast<int64_t>(f.names.size());
  const auto columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
  Image sheet;
  for (int64_t i = 0; i < n; ++i) {
    const Image one = f.thumbnail(static_cast<size_t>(i));
    if (i == 0) {
      side = one.height;
      if (one.width != side || columns * side > kMostPixels) return {};
      sheet = {columns * side, columns * side, 3, {}};
      sheet.pixels.assign(static_cast<size_t>(sheet.height * sheet.width * 3), 255);
    }
    const int64_t top = i / columns * side, left = i % columns * side;
    for (int64_t y = 0; y < side; ++y) {
      for (int64_t x = 0; x < side; ++x) {
        for (int64_t c = 0; c < 3; ++c) {
          const int64_t from = one.channels == 3 ? c : 0;
          sheet.pixels[static_cast<size_t>(((top + y) * sheet.width + left + x) * 3 + c)] =
              one.pixels[static_cast<size_t>((y * side + x) * one.channels + from)];
        }
      }
    }
  }
  return encode_png(sheet);
}

// TensorBoard's projector: tensors.tsv without a header; metadata.tsv with one only when it has
// more than one column; projector_config.pbtxt names both and the sheet of thumbnails.
void write_projector(const fs::path& path, const NamedFeatures& f) {
  write_folder(path, [&](const fs::path& folder) {
    write_rows(
        folder / "tensors.tsv", f, "", [](size_t) { return std::string(); }, '\t');
    std::string metadata = f.labels.empty() ? "" : "path\tlabel\n";
    for (size_t i = 0; i < f.names.size(); ++i) {
      metadata += plain(f.names[i]) + (f.labels.empty() ? "" : "\t" + plain(f.labels[i])) + "\n";
    }
    write_file(folder / "metadata.tsv", metadata);
    std::string config =
        "embeddings {\n  tensor_name: \"features\"\n  tensor_path: \"tensors.tsv\"\n"
        "  metadata_path: \"metadata.tsv\"\n";
    int64_t side = 0;
    const auto sheet = sprite(f, side);
    if (!sheet.empty()) {
      write_file(folder / "sprite.png", sheet);
      config += fmt::format(
          "  sprite {{\n    image_path: \"sprite.png\"\n    single_image_dim: {0}\n"
          "    single_image_dim: {0}\n  }}\n",
          side);
    }
    write_file(folder / "projector_config.pbtxt", config + "}\n");
  });
}

}  // namespace

std::string feature_format(const std::string& path) {
  constexpr std::pair<const char*, const char*> kEndings[] = {
      {".npy", "npy"},     {".safetensors", "safetensors"},
      {".csv", "csv"},     {".faiss", "faiss"},
      {".index", "faiss"}, {"/", "projector"}};
  for (const auto& [ending, format] : kEndings) {
    if (path.ends_with(ending)) return format;
  }
  throw UserError(
      "--out {}: the ending says the format: .npy, .safetensors, .csv, .faiss or .index; "
      "or a folder for TensorBoard's projector, with / at the end or --format projector",
      path);
}

std::string write_features(const std::string& path, const std::string& format,
                           const NamedFeatures& f, const std::string& metric) {
  const std::string what =
      fmt::format("{} x {} features in {}", format_count(f.x.size(0)), f.x.size(1), path);
  if (format == "npy") write_npy_table(path, f.x);
  if (format == "safetensors") write_tensors(path, {{"features", f.x}}, {{"encoder", f.origin}});
  if (format == "faiss") write_faiss(path, f.x, metric);
  if (format == "csv") {
    write_csv_table(path, f);
    return what;
  }
  if (format == "projector") {
    write_projector(path, f);
    return what + fmt::format("\nlook at them: tensorboard --logdir {}", path);
  }
  std::string list = csv_line(f.labels.empty() ? std::vector<std::string>{"path"}
                                               : std::vector<std::string>{"path", "label"});
  for (size_t i = 0; i < f.names.size(); ++i) {
    list += f.labels.empty() ? csv_line({f.names[i]}) : csv_line({f.names[i], f.labels[i]});
  }
  write_file(path + ".files.csv", list);
  return what + fmt::format(", names in {}.files.csv", path);
}

}  // namespace likewise
