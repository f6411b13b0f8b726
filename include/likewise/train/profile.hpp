#pragma once
// Where the time of a training step goes.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "likewise/nn/peaks.hpp"

namespace likewise {

enum class Phase { kWait, kForward, kLoss, kBackward, kOptimiser, kViews, kOther };
inline constexpr int kPhases = 7;

class Profile {
 public:
  // From here, time counts towards the next phase that ends.
  void restart() { last_ = Clock::now(); }
  // Everything since the last call was `phase`.
  void end(Phase phase);
  // A step has ended; the first few, in which kernels are compiled and memory is found, are
  // dropped.
  void end_step();

  struct Work {
    int64_t views = 0;         // of the steps counted
    double start_seconds = 0;  // from the start of the program to the first batch
    double view_seconds = 0;   // processor time of the loader's threads in them
    double multiply_adds = 0;  // of one view's forward pass
    int threads = 1;
    std::string precision;
    MachinePeaks peaks;
  };
  int64_t steps() const { return steps_; }
  bool counting() const { return warm_up_ >= kWarmUp; }

  // A table in words. `work` covers the steps since counting() became true.
  std::string text(const Work& work) const;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr int64_t kWarmUp = 5;
  std::array<double, kPhases> seconds_{};
  Clock::time_point last_ = Clock::now();
  int64_t steps_ = 0, warm_up_ = 0;
};

}  // namespace likewise
