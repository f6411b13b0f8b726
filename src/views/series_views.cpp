// Views of series of sensors.
#include <ATen/ops/empty.h>
#include <ATen/ops/fft_irfft.h>
#include <ATen/ops/fft_rfft.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "likewise/views/wave_views.hpp"
#include "views/curves.hpp"
#include "views/signal_tensor.hpp"

namespace likewise {

using detail::check_unit;
using detail::checked_signal;
using detail::each_channel;

View random_jitter(double deviation) {
  check_unit("random_jitter", deviation, 0, 100);
  return [deviation](const Tensor& x, Rng& rng) {
    return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      const auto scale = static_cast<float>(deviation * detail::deviation_of(in, n));
      rng.fill_normal(out, n);
      for (int64_t t = 0; t < n; ++t) out[t] = in[t] + scale * out[t];
    });
  };
}

View random_scaling(double deviation) {
  check_unit("random_scaling", deviation, 0, 100);
  return [deviation](const Tensor& x, Rng& rng) {
    return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      const auto factor = static_cast<float>(1 + deviation * rng.normal());
      for (int64_t t = 0; t < n; ++t) out[t] = factor * in[t];
    });
  };
}

View random_rotation(double degrees) {
  check_unit("random_rotation", degrees, 0, 180);
  return [degrees](const Tensor& x, Rng& rng) {
    Tensor out = checked_signal(x).clone();
    std::array<double, 3> axis{rng.normal(), rng.normal(), rng.normal()};
    const double angle = rng.uniform(-degrees, degrees) * M_PI / 180;
    const double norm = std::sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
    for (double& v : axis) v /= std::max(norm, 1e-12);
    const double c = std::cos(angle), s = std::sin(angle);
    const auto [u, v, w] = axis;  // Rodrigues
    const double turn[3][3] = {
        {c + u * u * (1 - c), u * v * (1 - c) - w * s, u * w * (1 - c) + v * s},
        {v * u * (1 - c) + w * s, c + v * v * (1 - c), v * w * (1 - c) - u * s},
        {w * u * (1 - c) - v * s, w * v * (1 - c) + u * s, c + w * w * (1 - c)}};
    const int64_t n = out.size(1);
    for (int64_t first = 0; first + 3 <= out.size(0); first += 3) {
      float* rows = out.data_ptr<float>() + first * n;
      for (int64_t t = 0; t < n; ++t) {
        const double in[3] = {rows[t], rows[n + t], rows[2 * n + t]};
        for (int k = 0; k < 3; ++k) {
          rows[k * n + t] =
              static_cast<float>(turn[k][0] * in[0] + turn[k][1] * in[1] + turn[k][2] * in[2]);
        }
      }
    }
    return out;
  };
}

View random_magnitude_warp(double deviation, int64_t knots) {
  check_unit("random_magnitude_warp", deviation, 0, 10);
  return [=](const Tensor& x, Rng& rng) {
    return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      const auto curve = detail::smooth_noise(n, knots, deviation, rng);
      for (int64_t t = 0; t < n; ++t)
        out[t] = static_cast<float>(1 + curve[static_cast<size_t>(t)]) * in[t];
    });
  };
}

View random_time_warp(double deviation, int64_t knots) {
  check_unit("random_time_warp", deviation, 0, 1);
  return [=](const Tensor& x, Rng& rng) {
    const int64_t n = x.size(1);
    const auto curve = detail::smooth_noise(n, knots, deviation, rng);
    std::vector<double> place(static_cast<size_t>(n), 0.0);
    for (size_t t = 1; t < place.size(); ++t) place[t] = place[t - 1] + std::max(0.1, 1 + curve[t]);
    const double scale = n > 1 ? static_cast<double>(n - 1) / place.back() : 0;
    return each_channel(x, n, [&](const float* in, int64_t, float* out) {
      for (int64_t t = 0; t < n; ++t)
        out[t] = detail::linear_at(in, n, scale * place[static_cast<size_t>(t)]);
    });
  };
}

View random_permutation(double probability, int64_t pieces) {
  check_unit("random_permutation", probability, 0, 1);
  if (pieces < 1) throw UserError("random_permutation: {} pieces; at least 1 is needed", pieces);
  return [=](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    const bool apply = rng.chance(probability);
    const int64_t n = in.size(1), count = std::min(n, 1 + rng.below(pieces));
    std::vector<int64_t> cuts = rng.choose(std::max<int64_t>(1, n - 1), std::min(count - 1, n - 1));
    const auto order = rng.permutation(count);
    if (!apply || count < 2) return in;
    for (int64_t& cut : cuts) ++cut;
    cuts.push_back(0), cuts.push_back(n);
    std::sort(cuts.begin(), cuts.end());
    return each_channel(in, n, [&](const float* from, int64_t, float* to) {
      for (const int64_t piece : order) {
        const int64_t begin = cuts[static_cast<size_t>(piece)],
                      end = cuts[static_cast<size_t>(piece) + 1];
        to = std::copy(from + begin, from + end, to);
      }
    });
  };
}

View random_channel_drop(double probability) {
  check_unit("random_channel_drop", probability, 0, 1);
  return [probability](const Tensor& x, Rng& rng) {
    Tensor out = checked_signal(x).clone();
    const int64_t channels = out.size(0), n = out.size(1), spared = rng.below(channels);
    for (int64_t c = 0; c < channels; ++c) {
      if (!rng.chance(probability) || c == spared) continue;
      float* row = out.data_ptr<float>() + c * n;
      double sum = 0;
      for (int64_t t = 0; t < n; ++t) sum += row[t];
      std::fill_n(row, n, static_cast<float>(sum / static_cast<double>(n)));
    }
    return out;
  };
}

View random_time_crop(double least) {
  check_unit("random_time_crop", least, 0.01, 1);
  return [least](const Tensor& x, Rng& rng) {
    const auto length = static_cast<double>(x.size(1) - 1);
    const double kept = rng.uniform(least, 1) * length;
    const double start = rng.uniform(0, 1) * (length - kept);
    return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      for (int64_t t = 0; t < n; ++t) {
        out[t] =
            detail::linear_at(in, n, start + kept * static_cast<double>(t) / std::max(1.0, length));
      }
    });
  };
}

View random_band_stop(double part) {
  check_unit("random_band_stop", part, 0, 1);
  return [part](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    const int64_t bins = in.size(1) / 2 + 1;  // 0 is the mean
    const auto width = static_cast<int64_t>(rng.uniform(0, part) * static_cast<double>(bins - 1));
    const int64_t first = bins - width > 1 ? 1 + rng.below(bins - width) : 1;
    if (width == 0) return in;
    Tensor spectrum = at::fft_rfft(in, c10::nullopt, 1);
    spectrum.narrow(1, first, std::min(width, bins - first)).zero_();
    return at::fft_irfft(spectrum, in.size(1), 1).contiguous();
  };
}

View random_reverse(double probability) {
  check_unit("random_reverse", probability, 0, 1);
  return [probability](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    if (!rng.chance(probability)) return in;
    return each_channel(in, in.size(1), [](const float* from, int64_t n, float* to) {
      std::reverse_copy(from, from + n, to);
    });
  };
}

}  // namespace likewise
