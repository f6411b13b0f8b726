#include "likewise/eval/loss_curve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace likewise {
namespace {

constexpr size_t kFewest = 12;  // records
constexpr size_t kBefore = 8;   // records that a spike is measured against
constexpr double kSpike = 8;    // times their median
constexpr double kSpikeShare = 0.02;
constexpr double kRewritten = 20;  // lengths that weights move: they are no longer what was drawn
constexpr double kHardlyMoved = 0.1;
constexpr double kFlat = 0.02;     // of the loss
constexpr double kSteadyNorm = 2;  // factor
constexpr double kSmallest = 0.1;  // losses nearer to 0 are measured against this

struct Stretch {
  double loss = 0, norm = 0, noise = 0;  // means; standard error of the loss
};

Stretch stretch(const std::vector<CurvePoint>& curve, size_t first, size_t count) {
  Stretch out;
  double squares = 0;
  const auto n = static_cast<double>(count);
  for (size_t i = first; i < first + count; ++i) {
    out.loss += curve[i].loss / n;
    out.norm += curve[i].gradient_norm / n;
    squares += curve[i].loss * curve[i].loss / n;
  }
  out.noise = std::sqrt(std::max(0.0, squares - out.loss * out.loss) / n);
  return out;
}

double median_norm_before(const std::vector<CurvePoint>& curve, size_t i) {
  std::vector<double> norms;
  for (size_t j = i - kBefore; j < i; ++j) norms.push_back(curve[j].gradient_norm);
  std::nth_element(norms.begin(), norms.begin() + kBefore / 2, norms.end());
  return norms[kBefore / 2];
}

struct Spikes {
  int64_t count = 0;
  double share = 0, largest = 0;  // of the records looked at; times the median
};

// In the second half: a curve's beginning may be rough.
Spikes spikes_of(const std::vector<CurvePoint>& curve) {
  Spikes out;
  const size_t from = std::max(kBefore, curve.size() / 2);
  for (size_t i = from; i < curve.size(); ++i) {
    const double usual = median_norm_before(curve, i);
    const double times = usual > 0 ? curve[i].largest_norm / usual : 0;
    out.largest = std::max(out.largest, times);
    out.count += times > kSpike;
  }
  out.share = static_cast<double>(out.count) / static_cast<double>(curve.size() - from);
  return out;
}

// Records since the learning rate last rose.
size_t since_warm_up(const std::vector<CurvePoint>& curve) {
  size_t last = 0;
  for (size_t i = 1; i < curve.size(); ++i) {
    if (curve[i].rate > curve[i - 1].rate * (1 + 1e-9)) last = i;
  }
  return curve.size() - 1 - last;
}

}  // namespace

std::string learning_rate_verdict(const std::vector<CurvePoint>& curve, double weights_moved) {
  if (curve.size() < kFewest) return "";
  const size_t eighth = std::max<size_t>(3, curve.size() / 8);
  const Stretch start = stretch(curve, 0, eighth);
  const Stretch end = stretch(curve, curve.size() - eighth, eighth);
  Stretch low = start;
  for (size_t i = 0; i + eighth <= curve.size(); ++i) {
    const Stretch here = stretch(curve, i, eighth);
    if (here.loss < low.loss) low = here;
  }
  const double size = std::max({std::abs(start.loss), std::abs(low.loss), kSmallest});
  const double gain = start.loss - low.loss, lost = end.loss - low.loss;
  const double noise = 2 * std::max(start.noise, end.noise);
  const Spikes spikes = spikes_of(curve);
  const double steps = curve.back().step;

  const bool fell_back = lost > std::max({gain / 2, kFlat * size, noise});
  const bool never_fell = gain < kFlat * size;
  const bool spiking = spikes.count >= 2 && spikes.share > kSpikeShare;
  const bool rewritten = weights_moved > kRewritten;
  if ((fell_back || never_fell) && (spiking || rewritten)) {
    const std::string loss =
        never_fell ? fmt::format("the loss never left its start ({:.3g}, now {:.3g})", start.loss,
                                 end.loss)
                   : fmt::format("the loss fell from {:.3g} to {:.3g} and is back at {:.3g}",
                                 start.loss, low.loss, end.loss);
    const std::string evidence =
        spiking ? fmt::format("gradient norms reach {:.0f} times their median", spikes.largest)
                : fmt::format("the weights moved {:.0f} times their own length", weights_moved);
    return fmt::format("learning rate too high: {}, while {}; try a tenth of it, or --clip 1", loss,
                       evidence);
  }
  const bool steady = end.norm < kSteadyNorm * start.norm && start.norm < kSteadyNorm * end.norm;
  const double moved = std::abs(end.loss - start.loss);
  if (since_warm_up(curve) >= kBefore && std::max(gain, moved) < std::max(kFlat * size, noise) &&
      steady && spikes.count == 0 && weights_moved >= 0 && weights_moved < kHardlyMoved) {
    return fmt::format(
        "learning rate too low: in {:.0f} steps the loss went from {:.4g} to {:.4g}, the "
        "gradient's "
        "norm stands at {:.2g} as at the start, and the weights moved by {:.2g} % of their length; "
        "try ten times of it",
        steps, start.loss, end.loss, end.norm, 100 * weights_moved);
  }
  return "";
}

}  // namespace likewise
