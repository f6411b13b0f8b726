#include "likewise/train/view_gallery.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/round.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/report/base64.hpp"

namespace likewise {

namespace {

// A line drawn through the values of each channel, in strips one below the other. [1, H, W]
Tensor drawn_lines(const Tensor& x) {
  constexpr int64_t kMostChannels = 8, kStrip = 24, kWidth = 128;
  const int64_t channels = std::min(kMostChannels, x.size(0)), length = x.size(1);
  const Tensor out = at::full({1, channels * kStrip, kWidth}, 1, at::kFloat);
  const Tensor dense = x.contiguous();
  for (int64_t c = 0; c < channels; ++c) {
    const float* values = dense.data_ptr<float>() + c * length;
    int64_t before = -1;
    for (int64_t column = 0; column < kWidth; ++column) {
      const float value = std::clamp(values[column * length / kWidth], 0.0F, 1.0F);
      const auto row = static_cast<int64_t>((1 - value) * (kStrip - 1));
      const int64_t first = before < 0 ? row : std::min(row, before);
      const int64_t last = before < 0 ? row : std::max(row, before);
      for (int64_t y = first; y <= last; ++y) {
        out.data_ptr<float>()[(c * kStrip + y) * kWidth + column] = 0;
      }
      before = row;
    }
  }
  return out;
}

}  // namespace

std::string picture_of(const Tensor& x, double low, double high) {
  LIKEWISE_CHECK(x.dim() >= 1 && x.dim() <= 3, "a picture of {} dimensions", x.dim());
  const double width = high > low ? high - low : 1;
  Tensor shown = (x.detach().to(at::kFloat) - low) / width;
  if (x.dim() == 1) shown = drawn_lines(shown.unsqueeze(0));
  if (x.dim() == 2) shown = drawn_lines(shown);
  if (x.dim() == 3 && x.size(0) != 1 && x.size(0) != 3) shown = shown.mean(0, true).flip({1});
  const Tensor bytes = at::round(at::clamp(shown, 0, 1) * 255).to(at::kByte).contiguous();
  return data_uri("image/png", encode_png(to_image(bytes)));
}

ViewMaking::ViewMaking(std::shared_ptr<LearnedViews> views, const EncoderSpec& spec, bool after,
                       uint64_t seed)
    : views_(std::move(views)), plain_(eval_view(spec)), base_(plain_), seed_(seed) {
  if (after) base_ = train_views(spec).at(0);
  views_->network()->eval();
}

// From what encoders see to what the viewmaker looks at. x [...] without the batch.
Tensor ViewMaking::units(const Tensor& x) const {
  const ViewmakerSpec& spec = views_->spec();
  Tensor out = x.contiguous().clone();
  for (size_t c = 0; c < spec.mean.size(); ++c) {
    out[static_cast<int64_t>(c)].mul_(spec.std[c]).add_(spec.mean[c]);
  }
  return out;
}

ViewMaking::Made ViewMaking::make(const Tensor& sample, int64_t index, int64_t k) const {
  const at::NoGradGuard no_grad;
  Rng rng(seed_, {0x9a12, static_cast<uint64_t>(index), static_cast<uint64_t>(k)});
  const Tensor base = base_(sample, rng);
  const NoiseStream noise{viewmaker_noise(seed_, index, 4, k)};
  return {units(base), units(views_->view(base.unsqueeze(0), noise)[0])};
}

nlohmann::json ViewMaking::row(const Tensor& sample, const std::string& name, int64_t index,
                               int64_t count) const {
  const ViewmakerSpec& spec = views_->spec();
  Rng unused(0);
  const Tensor original = units(plain_(sample, unused));
  double low = spec.low, high = spec.high;
  if (low >= high) {
    low = original.min().item<double>();
    high = original.max().item<double>();
  }
  nlohmann::json pictures = nlohmann::json::array(), differences = nlohmann::json::array();
  for (int64_t k = 0; k < count; ++k) {
    const Made made = make(sample, index, k);
    const Tensor delta = made.view - made.base;
    const double largest = std::max(1e-12, delta.abs().max().item<double>());
    pictures.push_back(picture_of(made.view, low, high));
    differences.push_back(picture_of(delta, -largest, largest));
  }
  return {{"name", name},
          {"original", picture_of(original, low, high)},
          {"views", pictures},
          {"perturbations", differences}};
}

}  // namespace likewise
