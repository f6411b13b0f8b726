#pragma once
// All images of a data set in memory, prepared for an encoder: an episode is then a choice of rows.

#include <string>
#include <vector>

#include "likewise/data/transform.hpp"
#include "likewise/fewshot/episode.hpp"
#include "likewise/tensor.hpp"

namespace likewise::fewshot {

class ImageTable {
 public:
  // images float [n, C, S, S], one for every label of `items`; turns of 4 need square images.
  // Throws DataError when numbers or shapes do not fit.
  ImageTable(const Tensor& images, LabelledItems items);

  // The images at positions of [0, n turns), turned where the position says so:
  // float [B, C, S, S], channels-last.
  Tensor gather(const std::vector<int64_t>& positions) const;

  const LabelledItems& items() const { return items_; }
  int64_t size() const { return items_.size(); }
  int64_t channels() const { return images_.size(1); }
  int64_t side() const { return images_.size(2); }

 private:
  Tensor images_;
  LabelledItems items_;
};

// Images as they are, float or uint8 [C, H, W] each, as one tensor [n, C, H, W]. Throws DataError,
// naming both sizes, when they differ.
Tensor stack_images(const std::vector<Tensor>& images, const std::string& name);

// Reads every image of the data set once through `view`. Broken images are left out, up to
// `max_bad`. `say` names the work in the progress line; empty: silent. Throws DataError when none
// can be read, UserError when they need more memory than `most_bytes`.
ImageTable load_images(const DatasetPtr& dataset, const Transform& view, int64_t turns = 1,
                       const std::string& say = "", int64_t max_bad = 100,
                       int64_t most_bytes = int64_t{8} << 30);

}  // namespace likewise::fewshot
