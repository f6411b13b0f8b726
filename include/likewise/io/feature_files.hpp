#pragma once
// Tables of features as files that other programs open.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "likewise/formats/image.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// Features with what is known of each row.
struct NamedFeatures {
  Tensor x;                                // float [N, D], contiguous
  std::vector<std::string> names;          // N: the files
  std::vector<std::string> labels;         // N, empty text where there is none; or none at all
  std::string origin;                      // of the encoder
  std::function<Image(size_t)> thumbnail;  // grey or RGB, all of one size; optional
};

// npy, safetensors, csv, faiss or projector, by the ending of a path (.npy, .safetensors, .csv,
// .faiss or .index; a path that ends in / is a projector folder). Throws UserError that names them.
std::string feature_format(const std::string& path);

// Writes the features, and beside every format but csv and projector the list PATH.files.csv (path,
// and label where there are any) in the same order. `metric` is of a FAISS index: cosine (rows of
// length one, inner product: what likewise search does), ip, l2. Each file whole or not at all.
// Returns a sentence for the user.
std::string write_features(const std::string& path, const std::string& format,
                           const NamedFeatures& features, const std::string& metric);

}  // namespace likewise
