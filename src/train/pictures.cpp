#include "likewise/train/pictures.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/eval/map.hpp"
#include "likewise/eval/search.hpp"
#include "likewise/report/base64.hpp"
#include "likewise/report/report.hpp"
#include "likewise/train/bundle.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/train/view_gallery.hpp"

namespace likewise {

namespace {

using nlohmann::json;

constexpr int64_t kThumb = 32, kThumbColumns = 50, kShown = 96;

std::string png_uri(const Image& image) { return data_uri("image/png", encode_png(image)); }

// The evaluation view of samples as pictures of `side` pixels, images at most so large.
class Painter {
 public:
  Painter(const InputSpec& spec, int64_t side) : spec_(spec), side_(side) {
    spec_.views.size = std::min(spec_.views.size, side);
    view_ = eval_view(spec_);
  }
  Image operator()(const Tensor& sample) const {
    Rng unused(0);
    return input_kind(spec_.modality).picture(spec_, view_(sample, unused), side_);
  }

 private:
  InputSpec spec_;
  int64_t side_;
  View view_;
};

// What pages show: samples, and thumbnails of exactly kThumb pixels.
class Shower {
 public:
  explicit Shower(const InputSpec& spec) : shown_(spec, kShown), thumb_(thumbnails(spec, kThumb)) {}
  Image shown(const Tensor& sample) const { return shown_(sample); }
  Image thumb(const Tensor& sample) const { return thumb_(sample); }

 private:
  Painter shown_;
  std::function<Image(const Tensor&)> thumb_;
};

std::vector<int64_t> evenly(int64_t n, int64_t count) {
  std::vector<int64_t> out;
  count = std::min(n, count);
  for (int64_t k = 0; k < count; ++k) out.push_back(k * n / count);
  return out;
}

// Rows of `make`(sample, name, ordinal) for samples spread over the data; broken ones are left out.
template <class Make>
json gallery(const Dataset& data, const PictureOptions& options, Make&& make) {
  json rows = json::array();
  for (int64_t i : evenly(data.size(), options.gallery_images)) {
    try {
      rows.push_back(make(data.get(i), data.name(i), static_cast<int64_t>(rows.size())));
    } catch (const DataError&) {
      continue;
    }
  }
  return {{"rows", rows}};
}

// Learned views and what was added to make them, or those of the recipe.
json gallery_of(const std::filesystem::path& run, const EncoderSpec& spec, const DatasetPtr& data,
                const PictureOptions& options) {
  const RunFolder folder{run};
  const std::string use =
      peek_toml(read_text(folder.options()), folder.options().string(), "viewmaker.use", "no");
  const auto viewmaker = use == "no" ? nullptr : find_viewmaker(run);
  const int64_t count = options.gallery_views;
  if (viewmaker) {
    const ViewMaking making(viewmaker, spec, use == "after");
    return gallery(*data, options, [&](const Sample& sample, const std::string& name, int64_t row) {
      return making.row(sample.parts.at(0), name, sample.index, count, row < Listener::kRows);
    });
  }
  const RecipeViews views(spec, data);
  return gallery(*data, options, [&](const Sample& sample, const std::string& name, int64_t row) {
    return views.row(sample, name, count, row < Listener::kRows);
  });
}

std::string class_name(const Dataset& data, int64_t i) {
  const int64_t label = data.label(i);
  const auto& names = data.info().class_names;
  return label >= 0 && label < static_cast<int64_t>(names.size())
             ? names[static_cast<size_t>(label)]
             : "";
}

json neighbours(const Extraction& features, const Dataset& data, const Shower& shower,
                const PictureOptions& options) {
  const auto n = static_cast<int64_t>(features.index.size());
  const auto queries = evenly(n, options.queries);
  const Tensor rows = at::tensor(queries, at::kLong);
  const Neighbours found =
      top_k(features.set.x.index_select(0, rows), features.set.x, options.neighbours + 1);
  const auto item = [&](int64_t row) {
    const int64_t i = features.index[static_cast<size_t>(row)];
    return json{{"name", data.name(i)},
                {"label", class_name(data, i)},
                {"image", png_uri(shower.shown(data.get(i).parts.at(0)))}};
  };
  json out = json::array();
  for (size_t q = 0; q < queries.size(); ++q) {
    json near = json::array();
    for (int64_t k = 0; k < found.indices.size(1); ++k) {
      const auto row = found.indices[static_cast<int64_t>(q)][k].item<int64_t>();
      if (row == queries[q] || static_cast<int64_t>(near.size()) == options.neighbours) continue;
      json one = item(row);
      one["score"] = found.scores[static_cast<int64_t>(q)][k].item<float>();
      near.push_back(one);
    }
    out.push_back({{"query", item(queries[q])}, {"neighbours", near}});
  }
  return {{"rows", out}};
}

json map_of(const Extraction& features, const Dataset& data, const Shower& shower) {
  const auto n = static_cast<int64_t>(features.index.size());
  const Tensor places = tsne(features.set.x).contiguous();
  const int64_t sprite_rows = (n + kThumbColumns - 1) / kThumbColumns;
  Image sprite;
  json points = json::array(), names = json::array();
  for (int64_t row = 0; row < n; ++row) {
    const int64_t i = features.index[static_cast<size_t>(row)];
    const Image thumb = shower.thumb(data.get(i).parts.at(0));
    if (sprite.pixels.empty()) {
      sprite = {sprite_rows * kThumb, kThumbColumns * kThumb, thumb.channels, {}};
      sprite.pixels.resize(static_cast<size_t>(sprite.height * sprite.width * sprite.channels));
    }
    for (int64_t y = 0; y < kThumb; ++y) {
      const int64_t to =
          ((row / kThumbColumns * kThumb + y) * sprite.width + row % kThumbColumns * kThumb) *
          thumb.channels;
      std::copy_n(thumb.pixels.begin() + y * kThumb * thumb.channels, kThumb * thumb.channels,
                  sprite.pixels.begin() + to);
    }
    const float* xy = places.data_ptr<float>() + 2 * row;
    points.push_back(
        {std::round(100 * xy[0]) / 100, std::round(100 * xy[1]) / 100, data.label(i), row});
    names.push_back(data.name(i));
  }
  return {{"method", "t-SNE"},
          {"points", points},
          {"classes", data.info().class_names},
          {"sprite", data_uri("image/png", encode_png(sprite))},
          {"thumb", kThumb},
          {"columns", kThumbColumns},
          {"names", names}};
}

}  // namespace

std::function<Image(const Tensor&)> thumbnails(const InputSpec& spec, int64_t side) {
  InputSpec small = spec;
  small.views.size = side;
  return [small, view = eval_view(small), side](const Tensor& sample) {
    Rng unused(0);
    return input_kind(small.modality).picture(small, view(sample, unused), side);
  };
}

void write_pictures(const std::filesystem::path& run, const PictureOptions& options) {
  const RunFolder folder{run};
  const TrainedEncoder model = load_encoder(run);
  const std::string path =
      peek_toml(read_text(folder.options()), folder.options().string(), "data.path", "");
  const DatasetPtr whole = open_dataset(path, model.spec.data);
  const Shower shower(model.spec);
  const auto save = [&](const char* name, const json& content) {
    write_file(folder.assets() / name, detail::json_text(content));
  };
  save("gallery.json", gallery_of(run, model.spec, whole, options));
  const DatasetPtr shown = subset(whole, evenly(whole->size(), options.map_points));
  const Extraction features = extract_features(model, shown);
  save("neighbours.json", neighbours(features, *shown, shower, options));
  if (features.index.size() >= 10) save("map.json", map_of(features, *shown, shower));
  write_report(run, folder.report());
}

}  // namespace likewise
