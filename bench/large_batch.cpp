// The exact NT-Xent of a batch whose matrix of similarities would not fit: value, gradient, seconds and
// the largest memory that the whole process ever had.   large_batch [B [D]]
//
// The value is known in closed form. The B samples fall into D/2 groups; samples of a group have the same
// embedding, groups are orthogonal. With m = B / (D/2) samples a group, an anchor sees 2m - 1 others at
// cosine 1 and 2B - 2m at cosine 0:
//   L = -1/tau + log((2m - 1) exp(1/tau) + 2B - 2m).
#include <ATen/Parallel.h>
#include <ATen/ops/eye.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>

#include "likewise/losses/nt_xent.hpp"

namespace {

// VmHWM or VmRSS of this process, in MiB.
double memory_mb(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t batch = argc > 1 ? std::atoll(argv[1]) : 131072;
  const int64_t width = argc > 2 ? std::atoll(argv[2]) : 128;
  const int64_t groups = width / 2;
  if (batch < groups || groups < 1 || batch % groups != 0) {
    fmt::print(stderr, "large_batch: B must be a multiple of D/2\n");
    return 2;
  }
  constexpr double kTemperature = 0.2;
  const at::Tensor z0 = at::eye(groups, width).repeat({batch / groups, 1}).mul_(3).requires_grad_(true);
  const at::Tensor z1 = z0.detach().clone().requires_grad_(true);
  const double before = memory_mb("VmRSS");
  const auto start = std::chrono::steady_clock::now();
  const at::Tensor loss = likewise::nt_xent(z0, z1, {.temperature = kTemperature});
  loss.backward();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const auto n = static_cast<double>(batch), m = n / static_cast<double>(groups);
  const double expected = -1 / kTemperature +
                          std::log((2 * m - 1) * std::exp(1 / kTemperature) + 2 * n - 2 * m);
  const double found = loss.item<double>();
  const double largest = z0.grad().abs().max().item<double>();
  fmt::print("B = {}, D = {}, {} threads: loss {:.7f}, closed form {:.7f}, largest gradient {:.1e}\n"
             "{:.1f} s; memory {:.0f} MiB before, {:.0f} MiB at most; the plain form's matrix alone: {:.0f} MiB\n",
             batch, width, at::get_num_threads(), found, expected, largest, seconds, before,
             memory_mb("VmHWM"), 4 * n * n * 4 / 1048576);
  return std::abs(found - expected) < 1e-6 * std::abs(expected) && std::isfinite(largest) ? 0 : 1;
}
