// Images as an encoder's input.
#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/round.h>
#include <fmt/format.h>

#include "likewise/data/image_tensor.hpp"
#include "likewise/views/input.hpp"

namespace likewise {

namespace {

void measure_image(InputSpec& spec, const std::vector<Tensor>& samples, const DatasetInfo&) {
  spec.stats = measure_images(samples);
}

std::string settle_image(InputSpec& spec, const std::vector<Tensor>&) {
  const bool chosen = spec.views.recipe == "auto";
  spec.views = resolve(spec.views, spec.stats);
  return fmt::format("{} at {} px{}", spec.views.recipe, spec.views.size,
                     chosen ? " (" + choose_recipe(spec.stats).reason + ")" : "");
}

std::vector<View> random_views_image(const InputSpec& spec, const DatasetPtr&) {
  return train_views(spec.views, spec.stats);
}

View plain_view_image(const InputSpec& spec) { return eval_view(spec.views, spec.stats); }

InputShape shape_image(const InputSpec& spec) {
  return InputShape::image(spec.stats.channels, spec.views.size);
}

// Undoes the normalisation of a view: float [C, H, W] -> uint8.
Image picture_image(const InputSpec& spec, const Tensor& view, int64_t) {
  Tensor out = view.clone();
  for (int64_t c = 0; c < out.size(0); ++c) {
    out[c]
        .mul_(spec.stats.std.at(static_cast<size_t>(c)))
        .add_(spec.stats.mean.at(static_cast<size_t>(c)));
  }
  return to_image((out.clamp(0, 1) * 255).round().to(at::kByte).contiguous());
}

}  // namespace

const InputKind detail::kImageInput = {
    Modality::image,    "image",          "images",    "raw pixels", measure_image, settle_image,
    random_views_image, plain_view_image, shape_image, picture_image};

}  // namespace likewise
