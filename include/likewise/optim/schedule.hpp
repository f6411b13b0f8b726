#pragma once
// Learning rates and other quantities as pure functions of how far a run has come.

#include <string>

#include "likewise/base/options.hpp"

namespace likewise {

struct ScheduleOptions {
  std::string name = "cosine";
  double warmup = 0.05;
  double warmup_start = 0;
  double floor = 0;
  template <class V>
  void fields(V& v) {
    v("name", name, "course of the learning rate after warm-up",
      choices({"cosine", "linear", "constant"}));
    v("warmup", warmup, "linear rise at the start: below 1 a part of the run, from 1 steps",
      range(0, 1e15));
    v("warmup_start", warmup_start, "where the rise begins, as a part of the highest rate",
      range(0, 1));
    v("floor", floor, "where the rate ends, as a part of the highest rate", range(0, 1));
  }
};

// The rate of step `step` = 0, 1, ..., total - 1. With W steps of warm-up, t = step, T = total:
//   t < W: peak (start + (1 - start) (t + 1) / W), never 0 and at the peak for t = W - 1;
//   else:  from peak at t = W along the schedule to peak * floor at t = T - 1.
// `total` may be an estimate that changes, as when a run is limited by time: beyond it the rate
// stays at the floor. A run of a single step after warm-up has the peak. Same numbers as lightly's
// CosineWarmupScheduler.
double learning_rate(const ScheduleOptions& options, double peak, double step, double total);

// The same without steps, for `fraction` in [0, 1] of the run: rises from `start` at 0, reaches the
// floor at 1. Warm-up must be given as a part of the run.
double learning_rate_at(const ScheduleOptions& options, double peak, double fraction);

// start at position 0, end at position 1 and beyond, along half a cosine:
//   end - (end - start) (1 + cos(pi position)) / 2.
// Momentum of a target network, weight decay. (DINO and BYOL: position = t / T; lightly: t / (T -
// 1).)
double cosine_between(double start, double end, double position);

// The same along a straight line.
double linear_between(double start, double end, double position);

}  // namespace likewise
