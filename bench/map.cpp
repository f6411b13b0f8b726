// Seconds of a map:  bench_map [POINTS] [THREADS] [STEPS]
// Points are normal around 100 centres in 64 dimensions.
#include "likewise/eval/map.hpp"

#include <chrono>
#include <cstdio>

#include "support.hpp"

int main(int argc, char** argv) {
  using namespace likewise;
  bench::prepare();
  const int64_t n = argc > 1 ? std::atoll(argv[1]) : 50000;
  at::set_num_threads(argc > 2 ? std::atoi(argv[2]) : 2);
  TsneOptions options;
  if (argc > 3) options.steps = std::atoll(argv[3]);
  Tensor x = bench::normal(1, {n, 64});
  const Tensor centres = bench::normal(2, {100, 64});
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t d = 0; d < 64; ++d) {
      x.data_ptr<float>()[i * 64 + d] += 2 * centres.data_ptr<float>()[i % 100 * 64 + d];
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const Tensor y = tsne(x, options);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%lld points, %lld steps, %d threads: %.1f s\n", static_cast<long long>(y.size(0)),
              static_cast<long long>(options.steps), at::get_num_threads(), taken.count());
  return 0;
}
