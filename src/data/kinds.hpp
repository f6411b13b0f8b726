#pragma once
// The kinds of data sets, each a `recognise` (cheap: names only) and an `open`. One file a kind;
// the table is catalogue.cpp.

#include <filesystem>
#include <string>

#include "likewise/data/dataset.hpp"
#include "likewise/data/open.hpp"

namespace likewise::detail {

struct OpenRequest {
  std::string name;  // as the caller wrote it, without the part
  std::filesystem::path path;
  std::string part;  // "" when none was asked for
  OpenOptions options;
  // options.modality, or what the files are.
  Modality modality() const;
  std::string full_name() const { return part.empty() ? name : name + "#" + part; }
};

bool is_pendulum(const OpenRequest& request);
DatasetPtr open_pendulum(const OpenRequest& request);

bool is_series_file(const OpenRequest& request);
DatasetPtr open_series_file(const OpenRequest& request);

bool is_sound_file(const OpenRequest& request);
DatasetPtr open_sound_file(const OpenRequest& request);

bool is_manifest(const OpenRequest& request);
DatasetPtr open_manifest(const OpenRequest& request);

bool is_webdataset(const OpenRequest& request);
DatasetPtr open_webdataset(const OpenRequest& request);

bool is_npy(const OpenRequest& request);
DatasetPtr open_npy(const OpenRequest& request);

Modality modality_of_npy(const std::filesystem::path& path);

bool is_idx(const OpenRequest& request);
DatasetPtr open_idx(const OpenRequest& request);

bool is_cifar(const OpenRequest& request);
DatasetPtr open_cifar(const OpenRequest& request);

bool is_omniglot(const OpenRequest& request);
DatasetPtr open_omniglot(const OpenRequest& request);

bool is_tiny_imagenet(const OpenRequest& request);
DatasetPtr open_tiny_imagenet(const OpenRequest& request);

bool is_split_folder(const OpenRequest& request);
DatasetPtr open_split_folder(const OpenRequest& request);

bool is_image_folder(const OpenRequest& request);
DatasetPtr open_image_folder(const OpenRequest& request);

}  // namespace likewise::detail
