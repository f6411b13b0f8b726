#include "likewise/eval/shortcuts.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argmin.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

constexpr double kAlarming = 1.0 / 3;
constexpr std::array<int64_t, 2> kAxes = {2, 3};

Tensor colour(const Tensor& x) {
  return at::cat({x.mean(at::IntArrayRef(kAxes)), x.var(at::IntArrayRef(kAxes), false).sqrt()}, 1);  // [N, 2C]
}

// Weighted by the squared deviation from the image's mean. [N, 4]
Tensor position(const Tensor& x) {
  Tensor weight = (x - x.mean(at::IntArrayRef(kAxes), true)).pow(2).sum(1) + 1e-12;  // [N, H, W]
  weight = weight / weight.sum(at::IntArrayRef{1, 2}, true);
  std::vector<Tensor> cues;
  for (const int64_t axis : {1, 2}) {
    const Tensor along = weight.sum(axis == 1 ? 2 : 1);  // [N, side]
    const Tensor at = at::arange(along.size(1), along.options()) / static_cast<double>(along.size(1));
    const Tensor centre = (along * at).sum(1);
    cues.push_back(centre);
    cues.push_back((along * (at - centre.unsqueeze(1)).pow(2)).sum(1).sqrt());
  }
  return at::stack(cues, 1);
}

Tensor noise(const Tensor& x) {
  std::vector<Tensor> cues;
  for (const int64_t step : {1, 2}) {
    if (x.size(2) <= 2 * step || x.size(3) <= 2 * step) continue;
    for (const int64_t axis : {2, 3}) {
      const int64_t n = x.size(axis) - 2 * step;
      const Tensor second = x.narrow(axis, 0, n) - 2 * x.narrow(axis, step, n) +
                            x.narrow(axis, 2 * step, n);
      cues.push_back((second.pow(2).mean(at::IntArrayRef{1, 2, 3}) + 1e-8).log());
    }
  }
  return cues.empty() ? x.sum(at::IntArrayRef{1, 2, 3}).unsqueeze(1) * 0 : at::stack(cues, 1);
}

double retrieval(const Tensor& a, const Tensor& b) {
  const Tensor both = at::cat({a, b});
  const Tensor mean = both.mean(0), deviation = both.var(0, false).sqrt();
  // In units of what differs within a pair: a figure that is noise to both views then says nothing.
  const Tensor within = at::maximum((a - b).pow(2).mean(0).sqrt(), 1e-3 * deviation);
  const auto standard = [&](const Tensor& x) { return (x - mean) / within.clamp_min(1e-6); };
  const Tensor p = standard(a), q = standard(b);
  const Tensor distance =
      p.pow(2).sum(1, true) + q.pow(2).sum(1).unsqueeze(0) - 2 * at::matmul(p, q.t());  // [N, N]
  const Tensor nearest = at::argmin(distance, 1);
  // A cue that is constant retrieves nothing, whatever argmin says.
  if (deviation.max().item<double>() < 1e-6) return 0;
  return (nearest == at::arange(a.size(0), at::kLong)).to(at::kDouble).mean().item<double>();
}

}  // namespace

std::vector<Shortcut> measure_shortcuts(const Tensor& view0, const Tensor& view1) {
  LIKEWISE_CHECK(view0.dim() == 4 && view0.sizes() == view1.sizes(), "two views [N, C, H, W]");
  const Tensor a = view0.to(at::kFloat), b = view1.to(at::kFloat);
  return {{"colour", retrieval(colour(a), colour(b))},
          {"position", retrieval(position(a), position(b))},
          {"noise", retrieval(noise(a), noise(b))}};
}

std::string shortcut_warning(const std::vector<Shortcut>& cues, int64_t samples) {
  const auto worst = std::max_element(cues.begin(), cues.end(), [](const auto& a, const auto& b) {
    return a.retrieval < b.retrieval;
  });
  if (worst == cues.end() || worst->retrieval < kAlarming || samples < 32) return "";
  const std::string cure = worst->name == "colour"
                               ? "raise --views.jitter and --views.gray"
                           : worst->name == "position"
                               ? "lower --views.crop_min or raise --views.translate"
                               : "raise --views.blur or --views.noise";
  return fmt::format(
      "shortcut by {}: that alone finds {:.0f} % of the other views among {}, without any content; {}",
      worst->name, 100 * worst->retrieval, samples, cure);
}

}  // namespace likewise
