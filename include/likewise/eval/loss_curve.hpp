#pragma once
// What the course of loss and gradient says about the learning rate.

#include <string>
#include <vector>

namespace likewise {

// One record of a run's log, over the steps since the record before.
struct CurvePoint {
  double step = 0;
  double loss = 0;           // mean
  double gradient_norm = 0;  // of the last step
  double largest_norm = 0;   // of all steps
  double rate = 0;           // learning rate
};

// "learning rate too high: ...", "learning rate too low: ..." with evidence and cure, or "" when
// the curve says neither: too short (fewer than 12 records), still in its warm-up, or good.
// `weights_moved`: distance of the encoder's weights from where they began, in lengths of these.
//
// With start, low and end the means of an eighth of the records (the first, the lowest, the last):
//   too high: what the loss had gained is gone (it stands nearer to its start than to its low, or
//     never fell by 2 %), while gradient norms spike (in the last half more than 2 % of the records
//     hold one of 8 times the median of the 8 before) or the weights moved 20 times their length.
//   too low: after the warm-up the loss moved by less than 2 % or twice its noise, the gradient norm
//     stands within a factor of 2 of where it began, nothing spikes, and the weights moved by less
//     than a tenth of their length.
// A loss that rises by itself is no alarm: MoCo's does while its queue fills, BYOL's while the
// target learns.
std::string learning_rate_verdict(const std::vector<CurvePoint>& curve, double weights_moved);

}  // namespace likewise
