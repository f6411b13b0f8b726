#pragma once
// Minimises a smooth function: limited-memory BFGS with a strong Wolfe line search.
// Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithms 7.4, 7.5, 3.5 and 3.6.

#include <cstdint>
#include <functional>
#include <vector>

namespace likewise {

struct LbfgsOptions {
  int64_t max_iterations = 500;
  double tolerance = 1e-6;  // stop when the largest |gradient| is at most this
  int64_t history = 10;     // pairs of steps kept
  double rounding = 1e-14;  // relative error of the objective's values
  // Multiplies a vector by the inverse of an approximate Hessian, in place; none: the identity. The
  // better the approximation, the fewer the iterations.
  std::function<void(std::vector<double>&)> precondition;
};

struct Minimum {
  std::vector<double> x;
  double value = 0;
  double gradient_max = 0;
  int64_t iterations = 0, evaluations = 0;
  bool converged = false;  // false: out of iterations, or rounding allows no further descent
};

// The value at x; writes the gradient, which has the size of x.
using Objective =
    std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

// Starts at `start`. TrainingError when the objective is not finite there.
Minimum lbfgs(const Objective& objective, std::vector<double> start,
              const LbfgsOptions& options = {});

}  // namespace likewise
