#include "likewise/nn/peaks.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "kernels/peak.hpp"
#include "likewise/tensor.hpp"

namespace likewise {
namespace {

// Best of a few rounds: other work on the machine can only take away.
template <class Work>
double best_rate(const Work& work) {
  double best = 0;
  work();
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    const double amount = work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, amount / taken.count());
  }
  return best;
}

double on_all_threads(const std::function<double(int64_t thread)>& work) {
  const int64_t threads = at::get_num_threads();
  std::vector<double> amounts(static_cast<size_t>(threads));
  at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) amounts[static_cast<size_t>(t)] = work(t);
  });
  double total = 0;
  for (double amount : amounts) total += amount;
  return total;
}

double matrix_rate(at::ScalarType type) {
  constexpr int64_t kSide = 1024;
  const Tensor a = at::ones({kSide, kSide}, type), b = at::ones({kSide, kSide}, type);
  return best_rate([&] {
    at::mm(a, b);
    return 2.0 * kSide * kSide * kSide;
  });
}

}  // namespace

MachinePeaks measure_peaks() {
  const at::NoGradGuard no_grad;
  MachinePeaks peaks;
  peaks.fp32 = best_rate([] {
    return on_all_threads([](int64_t) { return kernels::multiply_add_burst(1'000'000); });
  });
  peaks.fp32_matrix = matrix_rate(at::kFloat);
  peaks.bf16_matrix = matrix_rate(at::kBFloat16);
  constexpr int64_t kCount = 8 << 20;  // 32 MiB an array
  std::vector<float> a(static_cast<size_t>(kCount)), b(a);
  peaks.memory = best_rate([&] {
    const int64_t share = kCount / at::get_num_threads();
    return on_all_threads([&](int64_t t) {
      return kernels::triad(a.data() + t * share, b.data() + t * share, share);
    });
  });
  return peaks;
}

}  // namespace likewise
