#include "kernels/cuda/host_views.hpp"

#include <barrier>
#include <thread>
#include <vector>

namespace likewise::kernels::gpu {
namespace {

struct Alone {
  static int64_t rank() { return 0; }
  static int64_t size() { return 1; }
  static void sync() {}
  static double sum(double x) { return x; }
};

// What a block of a GPU is: threads that wait for one another.
class Together {
 public:
  struct Shared {
    explicit Shared(int64_t threads) : gate(threads), parts(static_cast<size_t>(threads)) {}
    std::barrier<> gate;
    std::vector<double> parts;
  };
  Together(Shared& shared, int64_t rank) : shared_(shared), rank_(rank) {}
  int64_t rank() const { return rank_; }
  int64_t size() const { return static_cast<int64_t>(shared_.parts.size()); }
  void sync() { shared_.gate.arrive_and_wait(); }
  double sum(double x) {
    shared_.parts[static_cast<size_t>(rank_)] = x;
    sync();
    double total = 0.0;
    for (double part : shared_.parts) total += part;
    sync();  // before the next sum is written
    return total;
  }

 private:
  Shared& shared_;
  int64_t rank_;
};

}  // namespace

void make_views_on_host(const ViewBatch& batch, int64_t count, int64_t threads) {
  std::vector<float> scratch(static_cast<size_t>(batch.scratch()));
  if (threads == 1) {
    Alone team;
    for (int64_t i = 0; i < count; ++i) make_view(team, batch, i, scratch.data());
    return;
  }
  Together::Shared shared(threads);
  std::vector<std::jthread> workers;
  for (int64_t rank = 0; rank < threads; ++rank) {
    workers.emplace_back([&, rank] {
      Together team(shared, rank);
      for (int64_t i = 0; i < count; ++i) {
        make_view(team, batch, i, scratch.data());
        team.sync();  // the scratch is that of the next view
      }
    });
  }
}

}  // namespace likewise::kernels::gpu
