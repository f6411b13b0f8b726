// The table of data set kinds.

#include <cstdlib>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/glyphs.hpp"
#include "likewise/data/open.hpp"

namespace likewise {

namespace fs = std::filesystem;

namespace {

using detail::OpenRequest;

struct DatasetKind {
  const char* name;
  const char* summary;
  const char* parts;
  bool (*recognise)(const OpenRequest&);
  DatasetPtr (*open)(const OpenRequest&);
};

bool is_glyphs(const OpenRequest& request) { return request.name == "glyphs"; }
DatasetPtr open_glyphs_part(const OpenRequest& request) { return open_glyphs(request.part); }

// The first that recognises the path opens it: special kinds before general ones.
constexpr DatasetKind kDatasetKinds[] = {
    {"glyphs", "built in: letters drawn from the installed fonts",
     "pretrain train test held-out all", is_glyphs, open_glyphs_part},
    {"pendulum", "built in: movement sensors on a simulated pendulum of two arms",
     "pretrain train test", detail::is_pendulum, detail::open_pendulum},
    {"series", "a .csv or .tsv of numbers: one recording of sensors", "", detail::is_series_file,
     detail::open_series_file},
    {"sound", "one recording: .wav .flac .ogg .mp3 ...", "", detail::is_sound_file,
     detail::open_sound_file},
    {"manifest",
     "a .csv or .tsv with path, label, split, domain, or a .txt of paths: images, sounds, series "
     "or arrays",
     "SPLIT", detail::is_manifest, detail::open_manifest},
    {"webdataset", "a .tar, a folder of .tar, or name-{000..012}.tar, with .cls or .json labels",
     "", detail::is_webdataset, detail::open_webdataset},
    {"npy", "a .npy, or a .npz with x and y: images, or samples of any shape", "train test",
     detail::is_npy, detail::open_npy},
    {"idx", "IDX files such as MNIST's, also .gz, or their folder", "train test", detail::is_idx,
     detail::open_idx},
    {"cifar", "the folder of binary batches of CIFAR-10 or CIFAR-100", "train test",
     detail::is_cifar, detail::open_cifar},
    {"omniglot", "the folder of images_background and images_evaluation",
     "background background-small1 evaluation vinyals-train vinyals-test all", detail::is_omniglot,
     detail::open_omniglot},
    {"tiny-imagenet", "the folder of train/WNID/images and val/images", "train test",
     detail::is_tiny_imagenet, detail::open_tiny_imagenet},
    {"split-folder", "a folder with train/ and test/ (or val/) of images, sounds, series or arrays",
     "train test val", detail::is_split_folder, detail::open_split_folder},
    {"image-folder",
     "a folder of images, sounds, series or arrays, with or without class or domain folders",
     "DOMAIN", detail::is_image_folder, detail::open_image_folder},
};

OpenRequest parse_request(const std::string& text, const OpenOptions& options) {
  static const std::vector<std::string> layouts = {"auto", "flat", "classes", "domains"};
  bool known = false;
  for (const auto& layout : layouts) known = known || layout == options.layout;
  if (!known) {
    throw UserError("layout is '{}', but must be one of {}", options.layout, join(layouts, ", "));
  }
  const std::string trimmed = trim(text);
  if (trimmed.empty()) throw UserError("the name of a data set is empty");
  OpenRequest request{trimmed, trimmed, "", options};
  std::error_code ignored;
  const size_t hash = trimmed.rfind('#');
  if (hash != std::string::npos && hash > 0 && !fs::exists(trimmed, ignored)) {
    request.name = trimmed.substr(0, hash);
    request.part = trimmed.substr(hash + 1);
    request.path = request.name;
  }
  if (starts_with_folded(request.name, "~/")) {
    if (const char* home = std::getenv("HOME"))
      request.path = fs::path(home) / request.name.substr(2);
  }
  return request;
}

std::vector<std::string> neighbours_of(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code failed;
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  fs::directory_iterator at(parent, failed);
  for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
    names.push_back(at->path().filename().string());
  }
  return nearest(path.filename().string(), names);
}

}  // namespace

Modality detail::OpenRequest::modality() const {
  if (options.modality != "auto") return parse_modality(options.modality);
  std::error_code ignored;
  if (is_pendulum(*this) || is_series_file(*this)) return Modality::series;
  if (is_sound_file(*this)) return Modality::audio;
  if (is_manifest(*this)) return modality_of_manifest(path);
  if (is_npy(*this)) return modality_of_npy(path);
  if (fs::is_directory(path, ignored)) return modality_of_folder(path);
  return Modality::image;
}

Modality detect_modality(const std::string& path_with_part, const OpenOptions& options) {
  const OpenRequest request = parse_request(path_with_part, options);
  for (const auto& kind : kDatasetKinds) {
    if (!kind.recognise(request)) continue;
    return request.modality();
  }
  return Modality::image;
}

const std::vector<DatasetKindInfo>& dataset_kinds() {
  static const std::vector<DatasetKindInfo> kinds = [] {
    std::vector<DatasetKindInfo> list;
    for (const auto& kind : kDatasetKinds) list.push_back({kind.name, kind.summary, kind.parts});
    return list;
  }();
  return kinds;
}

DatasetPtr open_dataset(const std::string& path_with_part, const OpenOptions& options) {
  const OpenRequest request = parse_request(path_with_part, options);
  for (const auto& kind : kDatasetKinds) {
    if (kind.recognise(request)) return kind.open(request);
  }
  std::error_code ignored;
  if (fs::exists(request.path, ignored)) {
    throw UserError(
        "{} is no data set that is known: accepted are a folder of images, sounds or series, .csv, "
        ".tsv or .txt lists, .tar shards, sounds, .npy, .npz and IDX files, and the built-in names "
        "'glyphs' and 'pendulum'",
        request.path.string());
  }
  const auto near = neighbours_of(request.path);
  throw UserError(
      "there is no file or folder {}, nor a built-in data set of that name (there are: "
      "glyphs, pendulum){}",
      request.path.string(), near.empty() ? "" : "; did you mean '" + join(near, "' or '") + "'?");
}

}  // namespace likewise
