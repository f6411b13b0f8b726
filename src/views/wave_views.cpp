// Views of waves. Those of series are in series_views.cpp.
#include "likewise/views/wave_views.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "views/curves.hpp"
#include "views/signal_tensor.hpp"

namespace likewise {

using detail::check_unit;
using detail::checked_signal;
using detail::each_channel;

namespace {

double energy_of(const Tensor& x) {
  const float* values = x.data_ptr<float>();
  double sum = 0;
  for (int64_t i = 0; i < x.numel(); ++i) sum += static_cast<double>(values[i]) * values[i];
  return sum / static_cast<double>(std::max<int64_t>(1, x.numel()));
}

// x + scaled other, the scale such that the ratio of energies is `decibels`. Silence stays silence.
Tensor add_at(const Tensor& x, const Tensor& other, double decibels) {
  const double signal = energy_of(x), noise = energy_of(other);
  if (noise <= 0) return x.clone();
  const double scale = std::sqrt(signal / noise * std::pow(10, -decibels / 10));
  Tensor out = x.clone();
  float* to = out.data_ptr<float>();
  const float* from = other.data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) to[i] += static_cast<float>(scale) * from[i];
  return out;
}

// Where a stretch of a wave comes again: every other sample is compared, at every other place.
class Similarity {
 public:
  // wave [frames]; beyond its ends it is silent.
  Similarity(const float* wave, int64_t frames, int64_t window, int64_t search)
      : count_(window / 2), search_(search), margin_(margin_of(window, search)) {
    for (int64_t parity = 0; parity < 2; ++parity) {
      auto& half = halves_[parity];
      half.assign(static_cast<size_t>((frames + 1) / 2 + 2 * margin_), 0.0F);
      for (int64_t t = parity; t < frames; t += 2) {
        half[static_cast<size_t>(t / 2 + margin_)] = wave[t];
      }
    }
  }

  // The place within `search` of `centre` that is most like the stretch at `natural`.
  int64_t nearest(int64_t natural, int64_t centre) const {
    const float* like = at(natural);
    int64_t best = centre;
    float most = -std::numeric_limits<float>::infinity();
    for (int64_t shift = -search_; shift <= search_; shift += 2) {
      const float likeness = product(at(centre + shift), like);
      if (likeness > most) most = likeness, best = centre + shift;
    }
    return best;
  }

 private:
  static int64_t margin_of(int64_t window, int64_t search) { return 2 * window + search; }

  // Every other sample from `place` on; places far outside are as silent as those just outside.
  const float* at(int64_t place) const {
    const int64_t parity = place & 1;
    const int64_t row = (place - parity) / 2 + margin_;
    const auto last = static_cast<int64_t>(halves_[parity].size()) - count_;
    return halves_[parity].data() + std::clamp<int64_t>(row, 0, last);
  }

  float product(const float* a, const float* b) const {
    constexpr int64_t kLanes = 16;
    float lanes[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= count_; i += kLanes) {
      for (int64_t l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
    }
    float sum = 0;
    for (; i < count_; ++i) sum += a[i] * b[i];
    for (const float lane : lanes) sum += lane;
    return sum;
  }

  int64_t count_, search_, margin_;
  std::vector<float> halves_[2];
};

}  // namespace

View crop_or_pad(int64_t length, bool random) {
  if (length < 1) throw UserError("crop_or_pad: a length of {}; at least 1 is needed", length);
  return [length, random](const Tensor& x, Rng& rng) {
    const int64_t frames = x.size(1);
    const int64_t room = std::abs(frames - length);
    const int64_t offset = random ? rng.below(room + 1) : 0;
    return each_channel(x, length, [&](const float* in, int64_t n, float* out) {
      std::fill_n(out, length, 0.0F);
      if (n >= length) {
        std::copy_n(in + offset, length, out);
      } else {
        std::copy_n(in, n, out + offset);
      }
    });
  };
}

View to_mono(bool first_channel) {
  return [first_channel](const Tensor& x, Rng&) {
    const Tensor in = checked_signal(x);
    if (in.size(0) == 1) return in;
    return first_channel ? in.narrow(0, 0, 1).clone() : in.mean(0, true);
  };
}

View random_gain(double decibels) {
  check_unit("random_gain", decibels, 0, 120);
  return [decibels](const Tensor& x, Rng& rng) {
    const auto factor = static_cast<float>(std::pow(10, rng.uniform(-decibels, decibels) / 20));
    return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      for (int64_t t = 0; t < n; ++t) out[t] = factor * in[t];
    });
  };
}

View random_white_noise(double probability, double low_db, double high_db) {
  check_unit("random_white_noise", probability, 0, 1);
  return [=](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    const bool apply = rng.chance(probability);
    const double decibels = rng.uniform(low_db, high_db);
    if (!apply) return in;
    const Tensor noise = at::empty(in.sizes(), at::kFloat);
    rng.fill_normal(noise.data_ptr<float>(), noise.numel());
    return add_at(in, noise, decibels);
  };
}

View random_shift(double part) {
  check_unit("random_shift", part, 0, 1);
  return [part](const Tensor& x, Rng& rng) {
    const auto most = static_cast<int64_t>(part * static_cast<double>(x.size(1)));
    const int64_t by = rng.below(2 * most + 1) - most;
    return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      for (int64_t t = 0; t < n; ++t) out[t] = t - by >= 0 && t - by < n ? in[t - by] : 0.0F;
    });
  };
}

Tensor change_speed(const Tensor& x, double speed) {
  return each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
    detail::resample_cubic(in, n, speed, out, n);
  });
}

View random_speed(double log_speed) {
  check_unit("random_speed", log_speed, 0, 1);
  return [log_speed](const Tensor& x, Rng& rng) {
    return change_speed(x, std::exp(rng.uniform(-log_speed, log_speed)));
  };
}

Tensor stretch_time(const Tensor& x, double factor, int64_t window) {
  const Tensor in = checked_signal(x);
  const int64_t channels = in.size(0), frames = in.size(1);
  const auto length = std::max<int64_t>(1, std::llround(static_cast<double>(frames) * factor));
  window = std::clamp<int64_t>(window / 2 * 2, 4, std::max<int64_t>(4, frames / 2 * 2));
  const int64_t hop = window / 2, search = window / 4;
  std::vector<float> fade(static_cast<size_t>(window));
  for (int64_t i = 0; i < window; ++i) {  // two of them, half a window apart, sum to one
    fade[static_cast<size_t>(i)] =
        static_cast<float>(0.5 - 0.5 * std::cos(2 * M_PI * (static_cast<double>(i) + 0.5) /
                                                static_cast<double>(window)));
  }
  Tensor out = at::zeros({channels, length}, at::kFloat);
  std::vector<float> weight(static_cast<size_t>(length), 0.0F);
  const float* source = in.data_ptr<float>();
  const Similarity similarity(source, frames, window, search);
  int64_t previous = 0;
  for (int64_t at = -hop; at < length; at += hop) {
    int64_t best = std::llround(static_cast<double>(at) / factor);
    // What would naturally follow the last frame, and where it is found near here.
    if (at > -hop) best = similarity.nearest(previous + hop, best);
    previous = best;
    // What lies in both the output and the source; beyond, the source is silent.
    const int64_t begin = std::max<int64_t>(0, -at), end = std::min(window, length - at);
    for (int64_t i = begin; i < end; ++i) {
      weight[static_cast<size_t>(at + i)] += fade[static_cast<size_t>(i)];
    }
    const int64_t first = std::max(begin, -best), last = std::min(end, frames - best);
    for (int64_t c = 0; c < channels; ++c) {
      float* to = out.data_ptr<float>() + c * length + at;
      const float* row = source + c * frames;
      for (int64_t i = first; i < last; ++i) to[i] += fade[static_cast<size_t>(i)] * row[best + i];
    }
  }
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t t = 0; t < length; ++t) {
      out.data_ptr<float>()[c * length + t] /= std::max(weight[static_cast<size_t>(t)], 1e-3F);
    }
  }
  return out;
}

View random_pitch(double probability, double semitones, double rate) {
  check_unit("random_pitch", probability, 0, 1);
  check_unit("random_pitch", semitones, 0, 24);
  const auto window = static_cast<int64_t>(0.04 * rate);
  return [=](const Tensor& x, Rng& rng) {
    const bool apply = rng.chance(probability);
    const double speed = std::exp2(rng.uniform(-semitones, semitones) / 12);
    if (!apply || semitones == 0) return checked_signal(x);
    const int64_t frames = x.size(1);
    const Tensor longer = stretch_time(x, speed, window);
    return each_channel(longer, frames, [&](const float* in, int64_t n, float* out) {
      detail::resample_cubic(in, n, speed, out, frames);
    });
  };
}

View random_room(double probability, double longest, double rate) {
  constexpr int64_t kEchoes = 40;
  check_unit("random_room", probability, 0, 1);
  check_unit("random_room", longest, 0, 10);
  return [=](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    const bool apply = rng.chance(probability);
    if (!apply || longest <= 0) return in;
    const double decay = rng.uniform(std::min(0.1, longest), longest);
    struct Echo {
      int64_t delay;
      float gain;
    };
    std::vector<Echo> echoes = {{0, 1.0F}};
    for (int64_t k = 0; k < kEchoes; ++k) {
      const double delay = rng.uniform(0.001, decay);
      const double gain = std::pow(10, -3 * delay / decay) * (rng.chance(0.5) ? 0.4 : -0.4);
      echoes.push_back({static_cast<int64_t>(delay * rate), static_cast<float>(gain)});
    }
    Tensor out = each_channel(in, in.size(1), [&](const float* from, int64_t n, float* to) {
      std::fill_n(to, n, 0.0F);
      for (const Echo& echo : echoes) {
        for (int64_t t = echo.delay; t < n; ++t) to[t] += echo.gain * from[t - echo.delay];
      }
    });
    const double before = energy_of(in), after = energy_of(out);
    if (after > 0) out.mul_(std::sqrt(before / after));
    return out;
  };
}

View random_keep(double probability, double least) {
  check_unit("random_keep", probability, 0, 1);
  check_unit("random_keep", least, 0.001, 1);
  return [=](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    const bool apply = rng.chance(probability);
    const int64_t frames = in.size(1);
    const auto kept =
        std::max<int64_t>(1, std::llround(rng.uniform(least, 1) * static_cast<double>(frames)));
    const int64_t start = rng.below(frames - kept + 1);
    if (!apply) return in;
    return each_channel(in, frames, [&](const float* from, int64_t n, float* to) {
      for (int64_t t = 0; t < n; ++t) to[t] = t >= start && t < start + kept ? from[t] : 0.0F;
    });
  };
}

View random_mix(double probability, double low_db, double high_db,
                std::function<Tensor(Rng&)> other) {
  check_unit("random_mix", probability, 0, 1);
  return [=, other = std::move(other)](const Tensor& x, Rng& rng) {
    const Tensor in = checked_signal(x);
    const bool apply = rng.chance(probability);
    const double decibels = rng.uniform(low_db, high_db);
    if (!apply) return in;
    const Tensor added = crop_or_pad(in.size(1), true)(to_mono()(other(rng), rng), rng);
    return add_at(in, added.expand(in.sizes()).contiguous(), decibels);
  };
}

}  // namespace likewise
