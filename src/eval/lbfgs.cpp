#include "likewise/eval/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "likewise/base/error.hpp"

namespace likewise {
namespace {

using Vector = std::vector<double>;

double vector_dot(const Vector& a, const Vector& b) {
  double s[4] = {};
  size_t i = 0;
  for (; i + 4 <= a.size(); i += 4) {
    for (size_t j = 0; j < 4; ++j) s[j] += a[i + j] * b[i + j];
  }
  for (; i < a.size(); ++i) s[0] += a[i] * b[i];
  return (s[0] + s[1]) + (s[2] + s[3]);
}

void add_scaled(Vector& y, double scale, const Vector& x) {
  for (size_t i = 0; i < y.size(); ++i) y[i] += scale * x[i];
}

double largest(const Vector& v) {
  double m = 0;
  for (double e : v) m = std::max(m, std::abs(e));
  return m;
}

struct Pair {
  Vector step, change;  // x' - x, g' - g
  double inverse;       // 1 / <step, change>
};

using Precondition = std::function<void(Vector&)>;

// -H g by the two-loop recursion.
Vector descent_direction(const Vector& gradient, const std::deque<Pair>& pairs,
                         const Precondition& precondition) {
  Vector q = gradient;
  std::vector<double> alpha(pairs.size());
  for (size_t i = pairs.size(); i-- > 0;) {
    alpha[i] = pairs[i].inverse * vector_dot(pairs[i].step, q);
    add_scaled(q, -alpha[i], pairs[i].change);
  }
  if (precondition) precondition(q);
  if (!pairs.empty()) {
    const Pair& last = pairs.back();
    Vector change = last.change;
    if (precondition) precondition(change);
    const double scale = 1 / (last.inverse * vector_dot(last.change, change));
    for (double& e : q) e *= scale;
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    const double beta = pairs[i].inverse * vector_dot(pairs[i].change, q);
    add_scaled(q, alpha[i] - beta, pairs[i].step);
  }
  for (double& e : q) e = -e;
  return q;
}

struct LinePoint {
  double length = 0, value = 0, slope = 0;
};

// Minimiser of the cubic through two values and slopes, kept inside the middle 80 % of the bracket.
double cubic_step(const LinePoint& a, const LinePoint& b) {
  const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.length - b.length);
  const double square = d1 * d1 - a.slope * b.slope;
  const double low = std::min(a.length, b.length), high = std::max(a.length, b.length);
  double t = (low + high) / 2;
  if (square >= 0) {
    const double d2 = std::copysign(std::sqrt(square), b.length - a.length);
    const double candidate =
        b.length - (b.length - a.length) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
    if (std::isfinite(candidate)) t = candidate;
  }
  const double edge = 0.1 * (high - low);
  return std::clamp(t, low + edge, high - edge);
}

// One line search from `x` along `direction`; leaves x, value and gradient at the accepted point.
class LineSearch {
 public:
  LineSearch(const Objective& objective, double rounding, Minimum& state, Vector& gradient)
      : objective_(objective), rounding_(rounding), state_(state), gradient_(gradient) {}

  // False where no point with a lower value was found.
  bool run(const Vector& direction, double first_length) {
    direction_ = &direction;
    start_ = state_.x;
    best_x_.clear();
    const LinePoint origin{0, state_.value, vector_dot(gradient_, direction)};
    if (!(origin.slope < 0)) return false;
    LinePoint previous = origin;
    double length = first_length;
    for (int i = 0; i < 30; ++i) {
      const LinePoint now = at(length);
      if (!std::isfinite(now.value)) {  // far outside: no curvature to trust
        length = previous.length + 0.1 * (length - previous.length);
        continue;
      }
      if (good(origin, now)) return accept_trial();
      if (!sufficient(origin, now) || (i > 0 && now.value >= previous.value)) {
        return zoom(origin, previous, now);
      }
      if (now.slope >= 0) return zoom(origin, now, previous);
      previous = now;
      length *= 2.5;
    }
    return accept_best();
  }

 private:
  static constexpr double kDecrease = 1e-4, kCurvature = 0.9;

  static bool sufficient(const LinePoint& origin, const LinePoint& p) {
    return p.value <= origin.value + kDecrease * p.length * origin.slope;
  }

  // The strong Wolfe conditions. Near the minimum values differ by less than their rounding; there
  // slopes stand in for the decrease (the approximate condition of Hager and Zhang 2005).
  bool good(const LinePoint& origin, const LinePoint& p) const {
    const bool equal = p.value <= origin.value + rounding_ * std::abs(origin.value);
    const bool decrease =
        sufficient(origin, p) || (equal && p.slope <= (2 * kDecrease - 1) * origin.slope);
    return decrease && std::abs(p.slope) <= -kCurvature * origin.slope;
  }

  LinePoint at(double length) {
    trial_x_ = start_;
    add_scaled(trial_x_, length, *direction_);
    trial_value_ = objective_(trial_x_, trial_gradient_);
    LinePoint p{length, trial_value_, 0};
    ++state_.evaluations;
    p.slope = vector_dot(trial_gradient_, *direction_);
    if (std::isfinite(p.value) && p.value < (best_x_.empty() ? state_.value : best_value_)) {
      best_x_ = trial_x_;
      best_gradient_ = trial_gradient_;
      best_value_ = p.value;
    }
    return p;
  }

  bool zoom(const LinePoint& origin, LinePoint low, LinePoint high) {
    for (int i = 0; i < 30; ++i) {
      const LinePoint now = at(cubic_step(low, high));
      if (good(origin, now)) return accept_trial();
      if (!sufficient(origin, now) || now.value >= low.value) {
        high = now;
      } else {
        if (now.slope * (high.length - low.length) >= 0) high = low;
        low = now;
      }
      if (std::abs(high.length - low.length) < 1e-14 * std::abs(low.length)) break;
    }
    return accept_best();
  }

  bool accept_trial() {
    state_.x = trial_x_;
    state_.value = trial_value_;
    gradient_ = trial_gradient_;
    return true;
  }

  bool accept_best() {
    if (best_x_.empty()) return false;
    state_.x = best_x_;
    state_.value = best_value_;
    gradient_ = best_gradient_;
    return true;
  }

  const Objective& objective_;
  double rounding_;
  Minimum& state_;
  Vector& gradient_;
  const Vector* direction_ = nullptr;
  Vector start_, trial_x_, trial_gradient_, best_x_, best_gradient_;
  double trial_value_ = 0, best_value_ = 0;
};

}  // namespace

Minimum lbfgs(const Objective& objective, std::vector<double> start, const LbfgsOptions& options) {
  Minimum state;
  state.x = std::move(start);
  Vector gradient(state.x.size());
  state.value = objective(state.x, gradient);
  state.evaluations = 1;
  if (!std::isfinite(state.value)) throw TrainingError("the objective is not finite at the start");
  LineSearch search(objective, options.rounding, state, gradient);
  std::deque<Pair> pairs;
  for (;;) {
    state.gradient_max = largest(gradient);
    state.converged = state.gradient_max <= options.tolerance;
    if (state.converged || state.iterations >= options.max_iterations) break;
    const Vector direction = descent_direction(gradient, pairs, options.precondition);
    // Without any curvature yet, a first step of length one at most.
    const double first =
        pairs.empty() && !options.precondition ? std::min(1.0, 1 / std::sqrt(vector_dot(gradient, gradient))) : 1;
    Pair pair{state.x, gradient, 0};
    if (!search.run(direction, first)) {
      if (pairs.empty()) break;  // even steepest descent fails: at the limit of rounding
      pairs.clear();
      continue;
    }
    ++state.iterations;
    for (size_t i = 0; i < gradient.size(); ++i) {
      pair.step[i] = state.x[i] - pair.step[i];
      pair.change[i] = gradient[i] - pair.change[i];
    }
    const double curvature = vector_dot(pair.step, pair.change);
    if (curvature > 1e-300) {
      pair.inverse = 1 / curvature;
      pairs.push_back(std::move(pair));
      if (static_cast<int64_t>(pairs.size()) > options.history) pairs.pop_front();
    }
  }
  return state;
}

}  // namespace likewise
