// The fifteen corruptions of CIFAR-10-C on uint8 [C, H, W]. Strengths are the paper's for 32 pixels;
// lengths in pixels are scaled by side / 32.
#include "views/image_corruptions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/round.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/views/filters.hpp"
#include "likewise/views/geometry.hpp"

namespace likewise::detail {

namespace {

// Works on floats in [0, 1], severity counted from 0.
using Change = Tensor (*)(const Tensor& x, size_t severity, Rng& rng);

double unit(const Tensor& x) {
  return static_cast<double>(std::min(x.size(1), x.size(2))) / 32;
}

template <class F>
Tensor each_value(const Tensor& x, F&& make) {
  Tensor out = at::empty_like(x);
  const float* in = x.data_ptr<float>();
  for (int64_t i = 0; i < x.numel(); ++i) out.data_ptr<float>()[i] = static_cast<float>(make(in[i]));
  return out;
}

// One channel [1, H, W] of N(0, 1).
Tensor noise_plane(const Tensor& x, Rng& rng) {
  Tensor out = at::zeros({1, x.size(1), x.size(2)});
  rng.fill_normal(out.data_ptr<float>(), out.numel());
  return out;
}

// Mean of x moved by (dy, dx), each with a weight; the edge repeated.
struct Tap {
  double dy, dx, weight;
};
Tensor weighted_moves(const Tensor& x, const std::vector<Tap>& taps) {
  Tensor out = at::zeros_like(x);
  const int64_t h = x.size(1), w = x.size(2);
  double total = 0;
  for (const Tap& tap : taps) {
    total += tap.weight;
    const auto dy = std::llround(tap.dy), dx = std::llround(tap.dx);
    for (int64_t c = 0; c < x.size(0); ++c) {
      const float* in = x.data_ptr<float>() + c * h * w;
      float* to = out.data_ptr<float>() + c * h * w;
      for (int64_t i = 0; i < h; ++i) {
        const int64_t si = std::clamp<int64_t>(i + dy, 0, h - 1);
        for (int64_t j = 0; j < w; ++j) {
          to[i * w + j] += static_cast<float>(tap.weight) * in[si * w + std::clamp<int64_t>(j + dx, 0, w - 1)];
        }
      }
    }
  }
  return out / total;
}

Tensor gaussian(const Tensor& x, double sigma) {
  const auto kernel = 2 * static_cast<int64_t>(std::ceil(3 * sigma)) + 1;
  const int64_t most = 2 * (std::min(x.size(1), x.size(2)) - 1) + 1;
  return gaussian_blur(x, std::min(kernel, std::max<int64_t>(1, most)), sigma);
}

Tensor gaussian_noise(const Tensor& x, size_t s, Rng& rng) {
  const double size = std::array{0.04, 0.06, 0.08, 0.09, 0.10}[s];
  return each_value(x, [&](double v) { return v + size * rng.normal(); });
}

// Poisson counts of v photons in units of c: by inversion, normal beyond 200.
Tensor shot_noise(const Tensor& x, size_t s, Rng& rng) {
  const double photons = std::array{500.0, 250.0, 100.0, 75.0, 50.0}[s];
  return each_value(x, [&](double v) {
    const double mean = v * photons;
    if (mean > 200) return (mean + std::sqrt(mean) * rng.normal()) / photons;
    double left = std::exp(-mean), product = rng.uniform();
    int64_t count = 0;
    while (product > left) product *= rng.uniform(), ++count;
    return static_cast<double>(count) / photons;
  });
}

Tensor impulse_noise(const Tensor& x, size_t s, Rng& rng) {
  const double part = std::array{0.01, 0.02, 0.03, 0.05, 0.07}[s];
  return each_value(x, [&](double v) {
    const double draw = rng.uniform();
    return draw < part / 2 ? 0.0 : draw < part ? 1.0 : v;
  });
}

Tensor defocus_blur(const Tensor& x, size_t s, Rng&) {
  const double radius = std::array{0.3, 0.4, 0.5, 1.0, 1.5}[s] * unit(x);
  const double alias = std::array{0.4, 0.5, 0.6, 0.2, 0.1}[s] * unit(x);
  std::vector<Tap> disk;
  const auto reach = static_cast<int64_t>(std::ceil(radius));
  for (int64_t dy = -reach; dy <= reach; ++dy) {
    for (int64_t dx = -reach; dx <= reach; ++dx) {
      const double length = std::hypot(static_cast<double>(dy), static_cast<double>(dx));
      if (length <= radius) disk.push_back({static_cast<double>(dy), static_cast<double>(dx), 1});
    }
  }
  return gaussian(weighted_moves(x, disk), alias);
}

Tensor glass_blur(const Tensor& x, size_t s, Rng& rng) {
  const double sigma = std::array{0.05, 0.25, 0.4, 0.25, 0.4}[s] * unit(x);
  const int64_t reach = std::max<int64_t>(1, std::llround(unit(x)));
  const int rounds = std::array{1, 1, 1, 2, 2}[s];
  Tensor y = gaussian(x, sigma).contiguous();
  const int64_t h = y.size(1), w = y.size(2);
  for (int round = 0; round < rounds; ++round) {
    for (int64_t i = h - 1 - reach; i >= reach; --i) {
      for (int64_t j = w - 1 - reach; j >= reach; --j) {
        const int64_t a = i + rng.below(2 * reach + 1) - reach, b = j + rng.below(2 * reach + 1) - reach;
        for (int64_t c = 0; c < y.size(0); ++c) {
          float* plane = y.data_ptr<float>() + c * h * w;
          std::swap(plane[i * w + j], plane[a * w + b]);
        }
      }
    }
  }
  return gaussian(y, sigma);
}

// Along a line, weights falling off to one side.
Tensor line_blur(const Tensor& x, double radius, double sigma, double angle) {
  std::vector<Tap> taps;
  const auto reach = std::max<int64_t>(1, std::llround(radius));
  for (int64_t k = 0; k <= reach; ++k) {
    const auto d = static_cast<double>(k);
    taps.push_back({d * std::sin(angle), d * std::cos(angle), std::exp(-d * d / (2 * sigma * sigma))});
  }
  return weighted_moves(x, taps);
}

Tensor motion_blur(const Tensor& x, size_t s, Rng& rng) {
  const double radius = std::array{6, 6, 6, 8, 9}[s] * unit(x);
  const double sigma = std::array{1.0, 1.5, 2.0, 2.0, 2.5}[s] * unit(x);
  return line_blur(x, radius, sigma, rng.uniform(-M_PI / 4, M_PI / 4));
}

Tensor zoom_blur(const Tensor& x, size_t s, Rng&) {
  const double most = std::array{1.06, 1.11, 1.16, 1.21, 1.26}[s];
  Tensor sum = x.clone();
  double count = 1;
  for (double zoom = 1; zoom < most - 1e-9; zoom += 0.01, count += 1) {
    AffineMap map;
    map.xx = map.yy = 1 / zoom;
    sum = sum + affine(x, map);
  }
  return sum / count;
}

// Clouds in [0, 1]: midpoint displacement (diamond-square) on a torus. Source of the idea: the paper.
Tensor clouds(int64_t height, int64_t width, double decay, Rng& rng) {
  int64_t side = 4;
  while (side < std::max(height, width)) side *= 2;
  std::vector<double> map(static_cast<size_t>(side * side), 0.0);
  const auto value = [&](int64_t i, int64_t j) -> double& {
    return map[static_cast<size_t>((i + side) % side * side + (j + side) % side)];
  };
  double wobble = 100;
  for (int64_t step = side; step >= 2; step /= 2, wobble /= decay) {
    const int64_t half = step / 2;
    for (int64_t i = 0; i < side; i += step) {
      for (int64_t j = 0; j < side; j += step) {
        value(i + half, j + half) = (value(i, j) + value(i + step, j) + value(i, j + step) +
                                     value(i + step, j + step)) / 4 + rng.uniform(-wobble, wobble);
      }
    }
    for (int64_t i = 0; i < side; i += half) {
      for (int64_t j = (i / half) % 2 == 0 ? half : 0; j < side; j += step) {
        value(i, j) = (value(i - half, j) + value(i + half, j) + value(i, j - half) + value(i, j + half)) / 4 +
                      rng.uniform(-wobble, wobble);
      }
    }
  }
  const auto [low, high] = std::minmax_element(map.begin(), map.end());
  const double least = *low, span = std::max(1e-9, *high - *low);
  Tensor out = at::zeros({1, height, width});
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      out.data_ptr<float>()[i * width + j] = static_cast<float>((value(i, j) - least) / span);
    }
  }
  return out;
}

Tensor fog(const Tensor& x, size_t s, Rng& rng) {
  const double amount = std::array{0.2, 0.5, 0.75, 1.0, 1.5}[s];
  const double decay = std::array{3.0, 3.0, 2.5, 2.0, 1.75}[s];
  const double most = x.max().item<double>();
  return (x + amount * clouds(x.size(1), x.size(2), decay, rng)) * (most / (most + amount));
}

// Bright needles: thin lines of random direction on fine clouds, in place of photographs of frost.
Tensor frost(const Tensor& x, size_t s, Rng& rng) {
  const double keep = std::array{1.0, 1.0, 0.9, 0.85, 0.75}[s], amount = std::array{0.2, 0.3, 0.4, 0.45, 0.45}[s];
  const int64_t h = x.size(1), w = x.size(2);
  Tensor ice = clouds(h, w, 1.6, rng) * 0.6;
  for (int64_t needle = 0; needle < (h + w) / 2; ++needle) {
    const double angle = rng.uniform(0, 2 * M_PI);
    double i = rng.uniform(0, static_cast<double>(h)), j = rng.uniform(0, static_cast<double>(w));
    const auto length = static_cast<int64_t>(rng.uniform(2, 10) * unit(x));
    for (int64_t k = 0; k < length; ++k, i += std::sin(angle), j += std::cos(angle)) {
      const auto a = static_cast<int64_t>(i), b = static_cast<int64_t>(j);
      if (a >= 0 && a < h && b >= 0 && b < w) ice.data_ptr<float>()[a * w + b] = 1;
    }
  }
  return keep * x + amount * ice;
}

Tensor snow(const Tensor& x, size_t s, Rng& rng) {
  const double mean = std::array{0.1, 0.1, 0.15, 0.25, 0.3}[s], spread = std::array{0.2, 0.2, 0.3, 0.3, 0.3}[s];
  const double threshold = std::array{0.6, 0.5, 0.55, 0.6, 0.65}[s];
  const double radius = std::array{8, 10, 10, 12, 14}[s] * unit(x) / 2;
  const double sigma = std::array{3, 4, 4, 6, 12}[s] * unit(x) / 2;
  const double keep = std::array{0.95, 0.9, 0.9, 0.85, 0.8}[s];
  Tensor flakes = noise_plane(x, rng) * spread + mean;
  flakes = each_value(flakes, [&](double v) { return v < threshold ? 0 : v; });
  flakes = line_blur(flakes.clamp(0, 1).contiguous(), radius, sigma, rng.uniform(-3 * M_PI / 4, -M_PI / 4));
  const Tensor grey = at::maximum(x, x.mean(0, true) * 1.5 + 0.5);
  return keep * x + (1 - keep) * grey + flakes + rotate90(flakes, 2);
}

Tensor brightness(const Tensor& x, size_t s, Rng&) {
  // Of the value of HSV: all channels grow by the same factor.
  const double by = std::array{0.05, 0.1, 0.15, 0.2, 0.3}[s];
  const Tensor value = std::get<0>(x.max(0, true));
  const Tensor wanted = (value + by).clamp(0, 1);
  return at::maximum(x * (wanted / (value + 1e-6)), (value < 1e-6).to(at::kFloat) * by);
}

Tensor contrast(const Tensor& x, size_t s, Rng&) {
  const double factor = std::array{0.75, 0.5, 0.4, 0.3, 0.15}[s];
  const Tensor mean = x.mean(at::IntArrayRef{1, 2}, true);
  return (x - mean) * factor + mean;
}

// A small random affine map, then every pixel looks a smooth random way off.
Tensor elastic(const Tensor& x, size_t s, Rng& rng) {
  const double u = 32 * unit(x);
  const double alpha = std::array{0.0, 0.05, 0.08, 0.1, 0.1}[s] * u, sigma = std::array{0.0, 0.2, 0.06, 0.04, 0.03}[s] * u;
  const double corner = std::array{0.08, 0.07, 0.06, 0.05, 0.03}[s];
  AffineMap map;
  map.xx = 1 + rng.uniform(-corner, corner), map.yy = 1 + rng.uniform(-corner, corner);
  map.xy = rng.uniform(-corner, corner), map.yx = rng.uniform(-corner, corner);
  const Tensor y = affine(x, map).contiguous();
  if (alpha == 0) return y;
  const int64_t h = y.size(1), w = y.size(2);
  const auto field = [&] {
    Tensor draw = at::zeros({1, h, w});
    for (int64_t i = 0; i < draw.numel(); ++i) draw.data_ptr<float>()[i] = static_cast<float>(rng.uniform(-1, 1));
    return (gaussian(draw, sigma) * alpha).contiguous();
  };
  const Tensor down = field(), right = field();
  Tensor out = at::empty_like(y);
  for (int64_t i = 0; i < h; ++i) {
    for (int64_t j = 0; j < w; ++j) {
      const double a = std::clamp(static_cast<double>(i) + down.data_ptr<float>()[i * w + j], 0.0, static_cast<double>(h - 1));
      const double b = std::clamp(static_cast<double>(j) + right.data_ptr<float>()[i * w + j], 0.0, static_cast<double>(w - 1));
      const auto a0 = static_cast<int64_t>(a), b0 = static_cast<int64_t>(b);
      const int64_t a1 = std::min(a0 + 1, h - 1), b1 = std::min(b0 + 1, w - 1);
      const double p = a - static_cast<double>(a0), q = b - static_cast<double>(b0);
      for (int64_t c = 0; c < y.size(0); ++c) {
        const float* in = y.data_ptr<float>() + c * h * w;
        out.data_ptr<float>()[(c * h + i) * w + j] = static_cast<float>(
            (1 - p) * ((1 - q) * in[a0 * w + b0] + q * in[a0 * w + b1]) + p * ((1 - q) * in[a1 * w + b0] + q * in[a1 * w + b1]));
      }
    }
  }
  return out;
}

Tensor pixelate(const Tensor& x, size_t s, Rng&) {
  const double part = std::array{0.95, 0.9, 0.85, 0.75, 0.65}[s];
  const auto smaller = [&](int64_t n) { return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(n) * part)); };
  const int64_t h = x.size(1), w = x.size(2), rows = smaller(h), columns = smaller(w);
  const Tensor small = resize(x, rows, columns).contiguous();
  Tensor out = at::empty_like(x);
  for (int64_t i = 0; i < x.size(0) * h; ++i) {  // the nearest pixel of the small one
    const float* from = small.data_ptr<float>() + (i / h * rows + i % h * rows / h) * columns;
    for (int64_t j = 0; j < w; ++j) out.data_ptr<float>()[i * w + j] = from[j * columns / w];
  }
  return out;
}

Tensor to_bytes(const Tensor& x) { return (x.clamp(0, 1) * 255).round().to(at::kByte).contiguous(); }

Tensor jpeg(const Tensor& x, size_t s, Rng&) {
  const int quality = std::array{80, 65, 58, 50, 40}[s];
  return to_float(decode_tensor(encode_jpeg(to_image(to_bytes(x)), quality), "jpeg"));
}

template <Change change>
View make(int severity, double) {
  LIKEWISE_CHECK(severity >= 1 && severity <= 5, "severity {}", severity);
  return [severity](const Tensor& u8, Rng& rng) {
    return to_bytes(change(to_float(u8).contiguous(), static_cast<size_t>(severity - 1), rng));
  };
}

template <Change change>
Corruption row(const char* name, const char* summary) {
  return {Modality::image, name, summary, make<change>};
}

}  // namespace

std::vector<Corruption> image_corruptions() {
  return {row<gaussian_noise>("gaussian_noise", "deviation 0.04 to 0.1"),
          row<shot_noise>("shot_noise", "few photons"),
          row<impulse_noise>("impulse_noise", "1 to 7 % of the values are black or white"),
          row<defocus_blur>("defocus_blur", "a disk"),
          row<glass_blur>("glass_blur", "neighbours change places"),
          row<motion_blur>("motion_blur", "along a line"),
          row<zoom_blur>("zoom_blur", "towards the middle"),
          row<snow>("snow", "flakes that fall"),
          row<frost>("frost", "ice crystals, procedural"),
          row<fog>("fog", "clouds"),
          row<brightness>("brightness", "brighter by 0.05 to 0.3"),
          row<contrast>("contrast", "0.75 to 0.15 of it"),
          row<elastic>("elastic", "smoothly distorted"),
          row<pixelate>("pixelate", "fewer pixels"),
          row<jpeg>("jpeg", "quality 80 to 40")};
}

}  // namespace likewise::detail
