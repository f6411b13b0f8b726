#include "nn/norm_statistics.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <cmath>

#include "kernels/norm/norm_relu.hpp"

namespace likewise::detail {
namespace {

template <class T>
Statistics statistics_of(const NormRelu& norm, const Tensor& x) {
  const int64_t channels = x.size(1), rows = x.numel() / channels;
  const auto& ops = kernels::norm_relu_ops<T>();
  const T* in = data<T>(x);
  // Around the first row, so that a mean far from zero does not cost digits.
  std::vector<float> centre(static_cast<size_t>(channels));
  {
    std::vector<float> zero(centre), square(centre);
    ops.moments(in, 1, channels, zero.data(), centre.data(), square.data());
  }
  const auto [sum, square] =
      add_pieces(rows, channels, [&](int64_t first, int64_t count, float* s, float* q) {
        ops.moments(in + first * channels, count, channels, centre.data(), s, q);
      });
  const std::vector<float> empty(centre.size());
  Statistics statistics{empty, empty, empty, empty};
  const auto n = static_cast<double>(rows);
  const float *weight = norm.weight.data_ptr<float>(), *bias = norm.bias.data_ptr<float>();
  float* running_mean = norm.running_mean.data_ptr<float>();
  float* running_var = norm.running_var.data_ptr<float>();
  for (size_t c = 0; c < centre.size(); ++c) {
    const double offset = sum[c] / n, variance = std::max(0.0, square[c] / n - offset * offset);
    const double mean = double{centre[c]} + offset, inverse = 1 / std::sqrt(variance + norm.eps);
    statistics.mean[c] = static_cast<float>(mean);
    statistics.inverse[c] = static_cast<float>(inverse);
    statistics.scale[c] = static_cast<float>(double{weight[c]} * inverse);
    statistics.shift[c] = static_cast<float>(double{bias[c]} - mean * double{weight[c]} * inverse);
    const auto mix = [&](float& running, double now) {
      running = static_cast<float>((1 - norm.momentum) * double{running} + norm.momentum * now);
    };
    mix(running_mean[c], mean);
    mix(running_var[c], variance * n / (n - 1));
  }
  return statistics;
}

}  // namespace

Statistics batch_statistics(const NormRelu& norm, const Tensor& x) {
  return x.scalar_type() == at::kFloat ? statistics_of<float>(norm, x)
                                       : statistics_of<uint16_t>(norm, x);
}

Tensor packed(const Statistics& s) {
  Tensor all = at::empty({4, static_cast<int64_t>(s.mean.size())}, at::kFloat);
  float* to = all.data_ptr<float>();
  for (const auto* values : {&s.mean, &s.inverse, &s.scale, &s.shift}) {
    to = std::copy(values->begin(), values->end(), to);
  }
  return all;
}

NormGradient norm_gradient(const Tensor& weight, const float* mean, const float* inverse,
                           int64_t rows, const std::vector<double>& sum,
                           const std::vector<double>& product) {
  const std::vector<float> empty(sum.size());
  NormGradient g{at::empty_like(weight), at::empty_like(weight), empty, empty, empty};
  const auto n = static_cast<double>(rows);
  for (size_t k = 0; k < sum.size(); ++k) {
    const double by_weight = product[k] * double{inverse[k]};
    g.bias.data_ptr<float>()[k] = static_cast<float>(sum[k]);
    g.weight.data_ptr<float>()[k] = static_cast<float>(by_weight);
    // dx = w / s (g - mean of g - x^ mean of g x^), x^ = (x - mean) / s
    const double factor = double{weight.data_ptr<float>()[k]} * double{inverse[k]};
    const double slope = -factor * double{inverse[k]} * by_weight / n;
    g.a[k] = static_cast<float>(factor);
    g.b[k] = static_cast<float>(slope);
    g.c[k] = static_cast<float>(-factor * sum[k] / n - slope * double{mean[k]});
  }
  return g;
}

}  // namespace likewise::detail
