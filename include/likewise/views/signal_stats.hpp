#pragma once
// What a few hundred samples that are no images tell of their kind.

#include <cstdint>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

struct SignalStats {
  double rate = 0;             // frames a second; 0: unknown
  int64_t channels = 0;        // of most samples
  int64_t length = 0;          // frames that 95 of 100 samples do not exceed
  std::vector<int64_t> shape;  // of tensors; empty where the length differs
  // Of the encoder's input before standardisation: one value, or one a channel.
  std::vector<double> mean, std;

  template <class V>
  void fields(V& v) {
    v("rate", rate, "frames a second", range(0, 1e9));
    v("channels", channels, "channels of most samples", range(0, 1e9));
    v("length", length, "frames that few samples exceed", range(0, 1e12));
    v("shape", shape, "of each sample, where all have the same");
    v("mean", mean, "mean of the input, or of each of its channels");
    v("std", std, "standard deviation of the input, or of each of its channels");
  }
};

// Shape and length only. Throws DataError when there is no sample.
SignalStats measure_signals(const std::vector<Tensor>& samples, double rate);

// Mean and deviation of inputs [C, ...] (or [D]) over all, or a channel; a deviation is never 0.
void measure_values(const std::vector<Tensor>& inputs, bool a_channel, SignalStats& stats);

// (x - mean) / std of input [C, ...], in a new tensor.
Tensor standardised(const Tensor& x, const SignalStats& stats);

// The same by the mean and deviation of x itself; a constant x becomes 0.
Tensor standardised_alone(const Tensor& x);

}  // namespace likewise
