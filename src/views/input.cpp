// The table of modalities, and what those that are no images share.
#include "likewise/views/input.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/views/spectrogram_views.hpp"
#include "views/curves.hpp"

namespace likewise {

const InputKind& input_kind(Modality modality) {
  for (const InputKind* kind :
       {&detail::kImageInput, &detail::kAudioInput, &detail::kSeriesInput, &detail::kTensorInput}) {
    if (kind->modality == modality) return *kind;
  }
  LIKEWISE_CHECK(false, "modality {}", static_cast<int>(modality));
  return detail::kImageInput;
}

namespace detail {

namespace {

uint8_t grey_of(double value) {  // of a standardised value
  return static_cast<uint8_t>(std::clamp(std::lround(255 * (value + 2.5) / 5), 0L, 255L));
}

// A colour each for up to six lines.
constexpr std::array<std::array<uint8_t, 3>, 6> kLines = {
    {{31, 119, 180}, {255, 127, 14}, {44, 160, 44}, {214, 39, 40}, {148, 103, 189}, {140, 86, 75}}};

// Lines one over the other; in a large picture each of up to eight in a strip of its own.
Image lines(const Tensor& x, int64_t side) {
  constexpr int64_t kLarge = 88, kMostStrips = 8;
  Image image{side, side, 3, std::vector<uint8_t>(static_cast<size_t>(side * side * 3), 255)};
  const int64_t channels = x.size(0), length = x.size(1);
  const int64_t strips = side >= kLarge && channels <= kMostStrips ? channels : 1;
  const int64_t thick = std::max<int64_t>(1, side / kLarge), high = side / strips - thick + 1;
  for (int64_t c = 0; c < channels; ++c) {
    const float* row = x.data_ptr<float>() + c * length;
    const int64_t top = strips > 1 ? c * side / strips : 0;
    const auto height = [&](int64_t column) {
      const double place = static_cast<double>(column) / static_cast<double>(side - 1) *
                           static_cast<double>(length - 1);
      const double value = std::clamp((linear_at(row, length, place) + 3.0) / 6.0, 0.0, 1.0);
      return top + static_cast<int64_t>(std::lround((1 - value) * static_cast<double>(high - 1)));
    };
    int64_t before = height(0);
    for (int64_t column = 0; column < side; ++column) {
      const int64_t here = height(column);
      for (int64_t y = std::min(before, here); y < std::max(before, here) + thick; ++y) {
        std::copy_n(kLines[static_cast<size_t>(c) % kLines.size()].begin(), 3,
                    image.pixels.begin() + (y * side + column) * 3);
      }
      before = here;
    }
  }
  return image;
}

}  // namespace

Image signal_picture(const Tensor& view, int64_t side) {
  const Tensor x = view.contiguous();
  const float* values = x.data_ptr<float>();
  if (x.dim() == 2) return lines(x, side);
  Image image{side, side, 1, {}};
  if (x.dim() == 1) {  // cells, row by row
    const int64_t n = x.size(0);
    const auto across = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(n))));
    for (int64_t y = 0; y < side; ++y) {
      for (int64_t column = 0; column < side; ++column) {
        const int64_t cell = y * across / side * across + column * across / side;
        image.pixels.push_back(cell < n ? grey_of(values[cell]) : 255);
      }
    }
    return image;
  }
  LIKEWISE_CHECK(x.dim() == 3, "a view of {} dimensions", x.dim());
  const int64_t rows = x.size(1), frames = x.size(2);
  image.channels = x.size(0) >= 3 ? 3 : 1;
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t column = 0; column < side; ++column) {
      const int64_t row = rows - 1 - y * rows / side, frame = column * frames / side;
      for (int64_t c = 0; c < image.channels; ++c) {
        image.pixels.push_back(grey_of(values[(c * rows + row) * frames + frame]));
      }
    }
  }
  return image;
}

void add_spectrogram_views(std::vector<View>& chain, const SpectrogramViewOptions& o) {
  const bool floor = o.mask_value == "floor";
  if (o.warp > 0) chain.push_back(random_spectrogram_warp(o.warp));
  if (o.freq_masks > 0 && o.freq_width > 0) {
    chain.push_back(random_masks(1, o.freq_masks, o.freq_width, floor));
  }
  if (o.time_masks > 0 && o.time_width > 0) {
    chain.push_back(random_masks(2, o.time_masks, o.time_width, floor));
  }
  if (o.noise > 0) chain.push_back(random_spectrogram_noise(o.noise));
}

void set_defaults(SpectrogramViewOptions& o, const SpectrogramViewOptions& recipe) {
  set_default(o.warp, recipe.warp);
  set_default(o.freq_width, recipe.freq_width);
  set_default(o.time_width, recipe.time_width);
  set_default(o.noise, recipe.noise);
  if (o.freq_masks < 0) o.freq_masks = recipe.freq_masks;
  if (o.time_masks < 0) o.time_masks = recipe.time_masks;
  if (o.mask_value == "auto") o.mask_value = recipe.mask_value;
}

}  // namespace detail
}  // namespace likewise
