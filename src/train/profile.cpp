#include "likewise/train/profile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace likewise {
namespace {

constexpr std::array<const char*, kPhases> kNames = {
    "waiting for data", "encoder, forward", "loss",    "backward",
    "optimiser",        "learned views",    "the rest"};

}  // namespace

void Profile::end(Phase phase) {
  const auto now = Clock::now();
  seconds_[static_cast<size_t>(phase)] += std::chrono::duration<double>(now - last_).count();
  last_ = now;
}

void Profile::end_step() {
  end(Phase::kOther);
  if (counting()) {
    ++steps_;
    return;
  }
  ++warm_up_;
  seconds_ = {};
}

std::string Profile::text(const Work& work) const {
  if (steps_ == 0) return fmt::format("profile: no step beyond the first {}\n", kWarmUp);
  double total = 0;
  for (double s : seconds_) total += s;
  std::string out =
      fmt::format("profile of {} step{}, {:.1f} ms each ({:.0f} views/s, {} thread{}, {}):\n",
                  steps_, steps_ == 1 ? "" : "s", 1e3 * total / static_cast<double>(steps_),
                  static_cast<double>(work.views) / total, work.threads,
                  work.threads == 1 ? "" : "s", work.precision);
  for (size_t p = 0; p < kPhases; ++p) {
    if (p == static_cast<size_t>(Phase::kViews) && seconds_[p] == 0) continue;  // a run without
    out += fmt::format("  {:<18}{:6.1f} % {:9.2f} ms\n", kNames[p], 100 * seconds_[p] / total,
                       1e3 * seconds_[p] / static_cast<double>(steps_));
  }
  if (work.start_seconds > 0) {
    out += fmt::format("  the first step began {:.2f} s after the program\n", work.start_seconds);
  }
  out += fmt::format(
      "  views are made beside it: {:.1f} us of processor time each, {:.1f} % of what the threads "
      "have\n",
      1e6 * work.view_seconds / static_cast<double>(std::max<int64_t>(1, work.views)),
      100 * work.view_seconds / (total * work.threads));
  // A backward pass costs about two forward passes.
  const double rate = 6 * work.multiply_adds * static_cast<double>(work.views) / total;
  const double matrix = work.precision == "bf16" ? work.peaks.bf16_matrix : work.peaks.fp32_matrix;
  const auto share = [&](double peak) { return peak > 0 ? 100 * rate / peak : 0; };
  out += fmt::format(
      "  encoder: {:.1f} MFLOP a view and step, {:.0f} GFLOP/s: {:.0f} % of a {} matrix product "
      "({:.0f} GFLOP/s)",
      6e-6 * work.multiply_adds, 1e-9 * rate, share(matrix), work.precision, 1e-9 * matrix);
  if (work.precision == "fp32") {
    out += fmt::format(", {:.0f} % of the peak in registers ({:.0f})", share(work.peaks.fp32),
                       1e-9 * work.peaks.fp32);
  }
  out += "\n";
  return out;
}

}  // namespace likewise
