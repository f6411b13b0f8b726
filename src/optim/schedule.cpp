#include "likewise/optim/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

constexpr double kPi = 3.14159265358979323846;

// peak * floor ... peak, `position` in [0, 1] after warm-up.
double decayed(const ScheduleOptions& options, double peak, double position) {
  if (options.name == "constant") return peak;
  if (options.name == "cosine") return cosine_between(peak, peak * options.floor, position);
  if (options.name == "linear") return linear_between(peak, peak * options.floor, position);
  throw UserError("schedule.name is {}; accepted: cosine, linear, constant", options.name);
}

}  // namespace

double learning_rate(const ScheduleOptions& options, double peak, double step, double total) {
  const double warmup = options.warmup < 1 ? std::round(options.warmup * total) : options.warmup;
  if (step < warmup) {
    return linear_between(peak * options.warmup_start, peak, (step + 1) / warmup);
  }
  const double last = total - 1 - warmup;
  return decayed(options, peak, last > 0 ? (step - warmup) / last : step > warmup ? 1 : 0);
}

double learning_rate_at(const ScheduleOptions& options, double peak, double fraction) {
  if (options.warmup >= 1) {
    throw UserError(
        "schedule.warmup is {} steps; a run whose length is not counted in steps needs a part "
        "below 1",
        options.warmup);
  }
  if (fraction < options.warmup) {
    return linear_between(peak * options.warmup_start, peak, fraction / options.warmup);
  }
  return decayed(options, peak, (fraction - options.warmup) / (1 - options.warmup));
}

double cosine_between(double start, double end, double position) {
  if (position >= 1) return end;
  return end - (end - start) * (1 + std::cos(kPi * std::max(position, 0.0))) / 2;
}

double linear_between(double start, double end, double position) {
  if (position >= 1) return end;
  return start + (end - start) * std::max(position, 0.0);
}

}  // namespace likewise
