#include "likewise/train/view_gallery.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/round.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/report/base64.hpp"

namespace likewise {

namespace {

// Images as large as they are learned from, up to 96; of others every picture is drawn twice as
// large as pages show it.
constexpr int64_t kImageSide = 96, kSignalSide = 176;

std::string png_address(const Image& image) { return data_uri("image/png", encode_png(image)); }

// Pixels [1 or 3, H, W] in [0, 1].
std::string pixels_address(const Tensor& x) {
  return png_address(to_image(at::round(at::clamp(x, 0, 1) * 255).to(at::kByte).contiguous()));
}

std::string signal_address(const InputSpec& spec, const Tensor& x) {
  return png_address(input_kind(spec.modality).picture(spec, x, kSignalSide));
}

}  // namespace

RecipeViews::RecipeViews(const EncoderSpec& spec, const DatasetPtr& data, const SoundOptions& sound)
    : spec_(spec),
      views_(train_views(spec, data)),
      plain_(eval_view(spec)),
      listener_(spec, sound, data) {
  InputSpec small = spec;
  small.views.size = std::min(small.views.size, kImageSide);
  shown_ = eval_view(small);
}

nlohmann::json RecipeViews::row(const Sample& sample, const std::string& name, int64_t count,
                                bool heard) const {
  const InputKind& kind = input_kind(spec_.modality);
  const int64_t side = spec_.modality == Modality::image ? kImageSide : kSignalSide;
  const auto picture = [&](const Tensor& x) { return png_address(kind.picture(spec_, x, side)); };
  Rng unused(0);
  nlohmann::json pictures = nlohmann::json::array(), sounds = nlohmann::json::array();
  heard = heard && listener_.hears();
  for (int64_t k = 0; k < count; ++k) {
    const Rng rng(0, {0x9a11, static_cast<uint64_t>(sample.index), static_cast<uint64_t>(k)});
    const Tensor& part = sample.parts.at(static_cast<size_t>(k) % sample.parts.size());
    Rng drawn = rng;
    const Tensor view = views_.at(static_cast<size_t>(k) % views_.size())(part, drawn);
    pictures.push_back(picture(view));
    if (heard && k < Listener::kViews) sounds.push_back(listener_.view(part, true, rng, view));
  }
  nlohmann::json out = {{"name", name},
                        {"original", picture(shown_(sample.parts.at(0), unused))},
                        {"views", pictures}};
  if (heard) {
    const Tensor plain = plain_(sample.parts.at(0), unused);
    out["sounds"] = {{"original", listener_.view(sample.parts.at(0), false, Rng(0), plain)},
                     {"views", sounds}};
  }
  return out;
}

ViewMaking::ViewMaking(std::shared_ptr<LearnedViews> views, const EncoderSpec& spec, bool after,
                       uint64_t seed, const SoundOptions& sound)
    : views_(std::move(views)),
      spec_(spec),
      plain_(eval_view(spec)),
      base_(plain_),
      seed_(seed),
      listener_(spec, sound) {
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

ViewMaking::Made ViewMaking::inputs(const Tensor& sample, int64_t index, int64_t k) const {
  const at::NoGradGuard no_grad;
  Rng rng(seed_, {0x9a12, static_cast<uint64_t>(index), static_cast<uint64_t>(k)});
  const Tensor base = base_(sample, rng);
  const NoiseStream noise{viewmaker_noise(seed_, index, 4, k)};
  return {base, views_->view(base.unsqueeze(0), noise)[0]};
}

ViewMaking::Made ViewMaking::make(const Tensor& sample, int64_t index, int64_t k) const {
  const Made made = inputs(sample, index, k);
  return {units(made.base), units(made.view)};
}

std::string ViewMaking::picture(const Tensor& x) const {
  if (spec_.modality != Modality::image) return signal_address(spec_, x);
  return pixels_address(x);
}

// Grey or the middle where nothing was added, the largest value at the end of the scale.
std::string ViewMaking::difference_picture(const Tensor& delta) const {
  const double largest = std::max(1e-12, delta.abs().max().item<double>());
  constexpr double kEnd = 2.5;  // of signal pictures, in deviations
  if (spec_.modality != Modality::image) return signal_address(spec_, delta * (kEnd / largest));
  return pixels_address(delta / (2 * largest) + 0.5);
}

nlohmann::json ViewMaking::row(const Tensor& sample, const std::string& name, int64_t index,
                               int64_t count, bool heard) const {
  Rng unused(0);
  const Tensor plain = plain_(sample, unused);
  nlohmann::json pictures = nlohmann::json::array(), differences = pictures;
  nlohmann::json view_sounds = pictures, difference_sounds = pictures;
  heard = heard && listener_.hears();
  for (int64_t k = 0; k < count; ++k) {
    const Made made = inputs(sample, index, k);
    const Tensor view = units(made.view);
    pictures.push_back(picture(view));
    differences.push_back(difference_picture(view - units(made.base)));
    if (!heard || k >= Listener::kViews) continue;
    view_sounds.push_back(listener_.input(made.view));
    difference_sounds.push_back(listener_.input(made.view, &made.base));
  }
  nlohmann::json out = {{"name", name},
                        {"original", picture(units(plain))},
                        {"views", pictures},
                        {"perturbations", differences}};
  if (heard) {
    out["sounds"] = {{"original", listener_.view(sample, false, Rng(0), plain)},
                     {"views", view_sounds},
                     {"perturbations", difference_sounds}};
  }
  return out;
}

}  // namespace likewise
