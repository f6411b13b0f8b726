#include "train/duplicate_groups.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/adaptive_avg_pool1d.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "likewise/base/error.hpp"
#include "likewise/eval/duplicates.hpp"

namespace likewise {

namespace {
// float [side * side]
Tensor thumbnail(const Tensor& sample, const View& plain, bool image, int64_t side) {
  if (!image) {
    Rng unused(0);
    return at::adaptive_avg_pool1d(plain(sample, unused).flatten().view({1, 1, -1}), {side * side})
        .flatten();
  }
  const Tensor grey = sample.to(at::kFloat).mean(0, true);  // [1, H, W]
  return at::adaptive_avg_pool2d(grey.unsqueeze(0), {side, side}).flatten();
}
}  // namespace

Tensor duplicate_groups(const Dataset& data, double threshold, const InputSpec& spec) {
  const View plain = eval_view(spec);
  const bool image = spec.modality == Modality::image;
  constexpr int64_t kSide = 16;
  const int64_t n = data.size();
  const Tensor thumbnails = at::zeros({n, kSide * kSide});
  for (int64_t i = 0; i < n; ++i) {
    try {
      const Tensor small = thumbnail(data.get(i).parts.at(0), plain, image, kSide);
      thumbnails.select(0, i).copy_(small - small.mean());
    } catch (const DataError&) {
      // The loader names broken images.
    }
  }
  const Tensor groups = at::full({n}, -1, at::kLong);
  int64_t number = 0;
  for (const auto& group : near_duplicates(thumbnails, threshold)) {
    for (const int64_t i : group) groups.data_ptr<int64_t>()[i] = number;
    ++number;
  }
  return groups;
}

}  // namespace likewise
