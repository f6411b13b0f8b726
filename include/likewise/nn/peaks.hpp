#pragma once
// What this machine can do at most, measured in about a second.

namespace likewise {

struct MachinePeaks {
  double fp32 = 0;         // multiply-adds in registers, FLOP/s of all threads
  double fp32_matrix = 0;  // a matrix product of libtorch, FLOP/s
  double bf16_matrix = 0;  // the same in bf16
  double memory = 0;       // bytes/s, two arrays read and one written
};

// On the threads that libtorch uses.
MachinePeaks measure_peaks();

}  // namespace likewise
