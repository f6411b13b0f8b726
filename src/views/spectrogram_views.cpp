#include "likewise/views/spectrogram_views.hpp"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"
#include "views/curves.hpp"
#include "views/signal_tensor.hpp"

namespace likewise {

namespace {

Tensor checked_spectrogram(const Tensor& x) {
  if (x.dim() != 3 || x.scalar_type() != at::kFloat || x.numel() == 0) {
    throw UserError("a view of spectrograms takes float [C, F, T]; found {} dimensions of {}",
                    x.dim(), c10::toString(x.scalar_type()));
  }
  return x.contiguous();
}

void fill_band(float* plane, int64_t rows, int64_t frames, int64_t dimension, int64_t first,
               int64_t count, float value) {
  if (dimension == 1) {
    std::fill_n(plane + first * frames, count * frames, value);
    return;
  }
  for (int64_t r = 0; r < rows; ++r) std::fill_n(plane + r * frames + first, count, value);
}

}  // namespace

void mask_band(Tensor& x, int64_t dimension, int64_t first, int64_t count, float value) {
  LIKEWISE_CHECK(x.dim() == 3 && x.is_contiguous() && (dimension == 1 || dimension == 2) &&
                     first >= 0 && count >= 0 && first + count <= x.size(dimension),
                 "rows {} to {} of dimension {}", first, first + count, dimension);
  const int64_t rows = x.size(1), frames = x.size(2);
  for (int64_t c = 0; c < x.size(0); ++c) {
    fill_band(x.data_ptr<float>() + c * rows * frames, rows, frames, dimension, first, count,
              value);
  }
}

View random_masks(int64_t dimension, int64_t count, double part, bool to_floor) {
  detail::check_unit("random_masks", part, 0, 1);
  return [=](const Tensor& x, Rng& rng) {
    Tensor out = checked_spectrogram(x).clone();
    const int64_t rows = out.size(1), frames = out.size(2), length = out.size(dimension);
    std::vector<float> values;  // of each channel, taken before any mask
    for (int64_t c = 0; c < out.size(0); ++c) {
      const float* plane = out.data_ptr<float>() + c * rows * frames;
      double sum = 0;
      for (int64_t i = 0; i < rows * frames; ++i) sum += plane[i];
      values.push_back(to_floor ? *std::min_element(plane, plane + rows * frames)
                                : static_cast<float>(sum / static_cast<double>(rows * frames)));
    }
    for (int64_t k = 0; k < count; ++k) {
      const auto most = static_cast<int64_t>(part * static_cast<double>(length));
      const int64_t width = rng.below(most + 1), first = rng.below(length - width + 1);
      for (int64_t c = 0; c < out.size(0); ++c) {
        fill_band(out.data_ptr<float>() + c * rows * frames, rows, frames, dimension, first, width,
                  values[static_cast<size_t>(c)]);
      }
    }
    return out;
  };
}

View random_spectrogram_warp(double part) {
  detail::check_unit("random_spectrogram_warp", part, 0, 0.5);
  return [part](const Tensor& x, Rng& rng) {
    const Tensor in = checked_spectrogram(x);
    const auto last = static_cast<double>(in.size(2) - 1);
    const double from = rng.uniform(part, 1 - part) * last;
    const double to = std::clamp(from + rng.uniform(-part, part) * last, 0.05 * last, 0.95 * last);
    if (last < 2 || part == 0) return in;
    Tensor out = at::empty_like(in);
    const int64_t rows = in.size(0) * in.size(1), frames = in.size(2);
    for (int64_t r = 0; r < rows; ++r) {
      const float* source = in.data_ptr<float>() + r * frames;
      for (int64_t t = 0; t < frames; ++t) {
        const auto at = static_cast<double>(t);
        const double place =
            at <= to ? at * from / to : last - (last - at) * (last - from) / (last - to);
        out.data_ptr<float>()[r * frames + t] = detail::linear_at(source, frames, place);
      }
    }
    return out;
  };
}

View random_spectrogram_noise(double deviation) {
  detail::check_unit("random_spectrogram_noise", deviation, 0, 100);
  return [deviation](const Tensor& x, Rng& rng) {
    const Tensor in = checked_spectrogram(x);
    Tensor out = at::empty_like(in);
    const auto scale =
        static_cast<float>(deviation * detail::deviation_of(in.data_ptr<float>(), in.numel()));
    rng.fill_normal(out.data_ptr<float>(), out.numel());
    for (int64_t i = 0; i < out.numel(); ++i) {
      out.data_ptr<float>()[i] = in.data_ptr<float>()[i] + scale * out.data_ptr<float>()[i];
    }
    return out;
  };
}

}  // namespace likewise
