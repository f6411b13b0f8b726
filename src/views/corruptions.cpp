// The table of corruptions; those of images are in image_corruptions.cpp.
#include "likewise/views/corruptions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/views/wave_views.hpp"
#include "views/curves.hpp"
#include "views/image_corruptions.hpp"
#include "views/signal_tensor.hpp"

namespace likewise {

namespace {

double pick(const std::array<double, 5>& values, int severity) {
  LIKEWISE_CHECK(severity >= 1 && severity <= 5, "severity {}", severity);
  return values[static_cast<size_t>(severity - 1)];
}

// ---- sounds

View white_noise(int severity, double) {
  const double ratio = pick({25, 20, 15, 10, 5}, severity);
  return random_white_noise(1, ratio, ratio);
}

View echo(int severity, double rate) {
  return random_room(1, pick({0.1, 0.2, 0.4, 0.8, 1.5}, severity), rate);
}

// Everything above a part of the loudest is cut off.
View clipping(int severity, double) {
  const auto part = static_cast<float>(pick({0.6, 0.4, 0.25, 0.15, 0.08}, severity));
  return [part](const Tensor& x, Rng&) {
    const float most = part * x.abs().max().item<float>();
    return x.clamp(-most, most);
  };
}

// As through a telephone or a wall: running means take the heights away.
View muffled(int severity, double rate) {
  const double cut = pick({0.25, 0.18, 0.12, 0.08, 0.05}, severity);  // of the rate
  static_cast<void>(rate);
  const auto width = std::max<int64_t>(2, std::llround(0.443 / cut));  // -3 dB of a running mean
  return [width](const Tensor& x, Rng&) {
    return detail::each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      double sum = 0;
      for (int64_t t = 0; t < n; ++t) {
        sum += in[t] - (t >= width ? in[t - width] : 0.0F);
        out[t] = static_cast<float>(sum / static_cast<double>(width));
      }
    });
  };
}

// Stretches of 20 ms (or of 1 / 50 of the length) are lost.
View gaps(int severity, double rate) {
  const double lost = pick({0.05, 0.1, 0.2, 0.3, 0.45}, severity);
  return [=](const Tensor& x, Rng& rng) {
    Tensor out = detail::checked_signal(x).clone();
    const int64_t n = out.size(1);
    const auto piece =
        std::max<int64_t>(1, rate > 1000 ? static_cast<int64_t>(0.02 * rate) : n / 50);
    for (int64_t begin = 0; begin < n; begin += piece) {
      if (!rng.chance(lost)) continue;
      out.narrow(1, begin, std::min(piece, n - begin)).zero_();
    }
    return out;
  };
}

View other_speed(int severity, double) {
  const double speed = pick({0.05, 0.1, 0.15, 0.2, 0.3}, severity);
  return [speed](const Tensor& x, Rng& rng) {
    return change_speed(x, rng.chance(0.5) ? 1 + speed : 1 / (1 + speed));
  };
}

View hum(int severity, double rate) {
  const double ratio = pick({20, 15, 10, 5, 0}, severity);
  return random_mix(1, ratio, ratio, [rate](Rng& rng) {
    const auto n = static_cast<int64_t>(std::max(100.0, rate));
    const Tensor x = at::empty({1, n}, at::kFloat);
    const double hz = rng.chance(0.5) ? 50 : 60, phase = rng.uniform(0, 6);
    for (int64_t t = 0; t < n; ++t) {
      const double turn = 2 * M_PI * hz * static_cast<double>(t) / std::max(1.0, rate) + phase;
      x.data_ptr<float>()[t] = static_cast<float>(std::sin(turn) + 0.5 * std::sin(3 * turn));
    }
    return x;
  });
}

// ---- series

View sensor_noise(int severity, double) {
  return random_jitter(pick({0.1, 0.2, 0.4, 0.6, 1.0}, severity));
}
View turned(int severity, double) {
  const double degrees = pick({10, 20, 35, 60, 120}, severity);
  return random_rotation(degrees);
}
View other_gain(int severity, double) {
  return random_scaling(pick({0.1, 0.2, 0.3, 0.4, 0.6}, severity));
}
View lost_channels(int severity, double) {
  return random_channel_drop(pick({0.1, 0.2, 0.3, 0.45, 0.6}, severity));
}
View uneven_time(int severity, double) {
  return random_time_warp(pick({0.1, 0.2, 0.3, 0.45, 0.6}, severity));
}

// A slope over the window, of so many standard deviations.
View drift(int severity, double) {
  const double size = pick({0.5, 1, 1.5, 2, 3}, severity);
  return [size](const Tensor& x, Rng& rng) {
    return detail::each_channel(x, x.size(1), [&](const float* in, int64_t n, float* out) {
      const double slope = (rng.chance(0.5) ? size : -size) * detail::deviation_of(in, n);
      for (int64_t t = 0; t < n; ++t) {
        const double part = n > 1 ? static_cast<double>(t) / static_cast<double>(n - 1) - 0.5 : 0;
        out[t] = static_cast<float>(in[t] + slope * part);
      }
    });
  };
}

// ---- tensors

View value_noise(int severity, double) {
  const double size = pick({0.1, 0.2, 0.4, 0.6, 1.0}, severity);
  return [size](const Tensor& x, Rng& rng) {
    Tensor out = x.contiguous().clone();
    const double scale = size * detail::deviation_of(out.data_ptr<float>(), out.numel());
    for (int64_t i = 0; i < out.numel(); ++i)
      out.data_ptr<float>()[i] += static_cast<float>(scale * rng.normal());
    return out;
  };
}
View missing_values(int severity, double) {
  const double lost = pick({0.05, 0.1, 0.2, 0.3, 0.5}, severity);
  return [lost](const Tensor& x, Rng& rng) {
    Tensor out = x.contiguous().clone();
    for (int64_t i = 0; i < out.numel(); ++i) {
      if (rng.chance(lost)) out.data_ptr<float>()[i] = 0;
    }
    return out;
  };
}

}  // namespace

const std::vector<Corruption>& corruptions() {
  static const std::vector<Corruption> table = [] {
    std::vector<Corruption> rows = detail::image_corruptions();
    for (const Corruption& row : std::initializer_list<Corruption>{
             {Modality::audio, "white_noise", "noise", "signal-to-noise ratio of 25 to 5 dB",
              white_noise},
             {Modality::audio, "hum", "noise", "mains hum at 20 to 0 dB", hum},
             {Modality::audio, "echo", "channel", "a room that decays in up to 0.1 to 1.5 s", echo},
             {Modality::audio, "clipping", "channel",
              "all above 0.6 to 0.08 of the peak is cut off", clipping},
             {Modality::audio, "muffled", "channel",
              "a low pass at a quarter to a twentieth of the rate", muffled},
             {Modality::audio, "gaps", "loss", "5 to 45 % of stretches of 20 ms are lost", gaps},
             {Modality::audio, "speed", "time", "5 to 30 % faster or slower", other_speed},
             {Modality::series, "noise", "noise", "0.1 to 1 of a channel's deviation",
              sensor_noise},
             {Modality::series, "turned", "sensor", "turned in space by up to 10 to 120 degrees",
              turned},
             {Modality::series, "gain", "sensor", "channels scaled, deviation 0.1 to 0.6",
              other_gain},
             {Modality::series, "drift", "sensor", "a slope of 0.5 to 3 deviations", drift},
             {Modality::series, "gaps", "loss", "5 to 45 % of the frames are zero", gaps},
             {Modality::series, "lost_channels", "loss",
              "channels fail with probability 0.1 to 0.6", lost_channels},
             {Modality::series, "uneven_time", "time", "time warped, deviation 0.1 to 0.6",
              uneven_time},
             {Modality::tensor, "noise", "noise", "0.1 to 1 of the sample's deviation",
              value_noise},
             {Modality::tensor, "missing", "loss", "5 to 50 % of the values are zero",
              missing_values}}) {
      rows.push_back(row);
    }
    return rows;
  }();
  return table;
}

std::vector<Corruption> corruptions_of(Modality modality) {
  std::vector<Corruption> out;
  for (const Corruption& row : corruptions()) {
    if (row.modality == modality) out.push_back(row);
  }
  return out;
}

const Corruption& find_corruption(Modality modality, const std::string& name) {
  std::vector<std::string> names;
  for (const Corruption& row : corruptions()) {
    if (row.modality != modality) continue;
    if (name == row.name) return row;
    names.push_back(row.name);
  }
  throw UserError("there is no corruption '{}'{}", name, did_you_mean(name, names));
}

namespace {

class Corrupted : public Dataset {
 public:
  Corrupted(DatasetPtr base, const Corruption& kind, int severity, double rate, const Rng& rng)
      : base_(std::move(base)), view_(kind.make(severity, rate)), rng_(rng), info_(base_->info()) {
    info_.name += std::string(", ") + kind.name + " " + std::to_string(severity);
  }
  int64_t size() const override { return base_->size(); }
  Sample get(int64_t i) const override {
    Sample sample = base_->get(i);
    Rng rng = rng_.fork({static_cast<uint64_t>(i)});
    sample.parts[0] = view_(sample.parts[0], rng);
    return sample;
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return base_->label(i); }
  int64_t domain(int64_t i) const override { return base_->domain(i); }
  std::string name(int64_t i) const override { return base_->name(i); }

 private:
  DatasetPtr base_;
  View view_;
  Rng rng_;
  DatasetInfo info_;
};

}  // namespace

DatasetPtr with_corruption(DatasetPtr dataset, const std::string& name, int severity, double rate,
                           uint64_t seed) {
  const Modality modality = dataset->info().modality;
  const Corruption& kind = find_corruption(modality, name);
  const auto number = static_cast<uint64_t>(&kind - corruptions().data());
  return std::make_shared<Corrupted>(std::move(dataset), kind, severity, rate,
                                     Rng(seed, {0xc044, number, static_cast<uint64_t>(severity)}));
}

}  // namespace likewise
