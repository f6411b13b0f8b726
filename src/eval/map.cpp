#include "likewise/eval/map.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/round.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "eval/map_detail.hpp"
#include "eval/tiles.hpp"
#include "likewise/eval/search.hpp"

namespace likewise {

namespace {

using eval_detail::Affinities;
using eval_detail::Point;

// Matrix products may round differently for another number of threads, and t-SNE would amplify that
// to another map. On a grid of 2^-18 of the largest coordinate the difference is gone.
Tensor on_grid(const Tensor& x) {
  const double largest = x.abs().max().item<double>();
  if (!(largest > 0)) return x;
  const double step = std::ldexp(1.0, static_cast<int>(std::floor(std::log2(largest))) - 18);
  return at::round(x / step) * step;
}

// Gradient descent with momentum and one gain a coordinate (Jacobs, 1988), as in the t-SNE papers.
class MapDescent {
 public:
  explicit MapDescent(size_t n) : velocity_(n), gains_(n, Point{1, 1}) {}

  void step(std::vector<Point>& y, const std::vector<Point>& gradient, double rate,
            double momentum) {
    Point mean;
    for (size_t i = 0; i < y.size(); ++i) {
      move(y[i].x, velocity_[i].x, gains_[i].x, gradient[i].x, rate, momentum);
      move(y[i].y, velocity_[i].y, gains_[i].y, gradient[i].y, rate, momentum);
      mean.x += y[i].x / static_cast<double>(y.size());
      mean.y += y[i].y / static_cast<double>(y.size());
    }
    for (Point& p : y) p = {p.x - mean.x, p.y - mean.y};
  }

 private:
  static void move(double& at, double& velocity, double& gain, double gradient, double rate,
                   double momentum) {
    gain = gradient * velocity < 0 ? gain + 0.2 : std::max(0.01, gain * 0.8);
    velocity = momentum * velocity - rate * gain * gradient;
    at += velocity;
  }

  std::vector<Point> velocity_, gains_;
};

// The first two components, scaled to a standard deviation of 1e-4 along the first.
std::vector<Point> first_layout(const Tensor& reduced) {
  const int64_t n = reduced.size(0);
  const auto view = reduced.accessor<float, 2>();
  double square = 0;
  for (int64_t i = 0; i < n; ++i) square += static_cast<double>(view[i][0]) * view[i][0];
  const double scale = square > 0 ? 1e-4 / std::sqrt(square / static_cast<double>(n)) : 0;
  std::vector<Point> y(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) {
    y[static_cast<size_t>(i)] = {view[i][0] * scale,
                                 reduced.size(1) > 1 ? view[i][1] * scale : 0.0};
  }
  return y;
}

}  // namespace

Tensor tsne(const Tensor& x, const TsneOptions& options) {
  const Tensor features = eval_detail::as_features(x, "tsne: x");
  const int64_t n = features.size(0);
  Tensor out = at::zeros({n, 2});
  if (n < 2) return out;
  const int64_t dims = std::min({options.dims, n, features.size(1)});
  const Tensor reduced = on_grid(pca(features, dims)).contiguous();
  const double perplexity =
      std::max(1.0, std::min(options.perplexity, static_cast<double>(n - 1) / 3));
  const int64_t k = std::min(n - 1, std::max<int64_t>(1, std::llround(3 * perplexity)));
  const Neighbours near = top_k_others(reduced, k, Metric::kL2);
  const Affinities p = eval_detail::joint_affinities(
      near.indices, eval_detail::conditional_affinities(near.scores, perplexity));

  std::vector<Point> y = first_layout(reduced), gradient;
  MapDescent descent(y.size());
  // N / 12 is meant for a gradient without its factor of 4.
  const double rate = std::max(static_cast<double>(n) / 12, 200.0) / 4;
  for (int64_t step = 0; step < options.steps; ++step) {
    const bool early = step < options.early_steps;
    eval_detail::tsne_gradient(p, y, options.theta, early ? options.exaggeration : 1, gradient,
                               false);
    descent.step(y, gradient, rate, early ? 0.5 : 0.8);
  }
  auto view = out.accessor<float, 2>();
  for (int64_t i = 0; i < n; ++i) {
    view[i][0] = static_cast<float>(y[static_cast<size_t>(i)].x);
    view[i][1] = static_cast<float>(y[static_cast<size_t>(i)].y);
  }
  return out;
}

}  // namespace likewise
