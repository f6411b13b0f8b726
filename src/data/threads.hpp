#pragma once
// A plain parallel loop for work that is not tensor arithmetic (rendering, stat calls).

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace likewise::detail {

// Calls work(worker, i) for every i in [0, n), each once, in any order, by at most `most` workers.
// The first exception is rethrown after all workers have stopped.
template <class Work>
void for_each_in_parallel(int64_t n, const Work& work, int64_t most = 16) {
  const int64_t cores = std::max(1u, std::thread::hardware_concurrency());
  const int64_t workers = std::min<int64_t>({cores, n, most});
  std::atomic<int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  auto run = [&](int64_t worker) {
    try {
      for (int64_t i = next++; i < n; i = next++) work(worker, i);
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
      next = n;
    }
  };
  std::vector<std::thread> others;
  for (int64_t worker = 1; worker < workers; ++worker) others.emplace_back(run, worker);
  run(0);
  for (auto& thread : others) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace likewise::detail
