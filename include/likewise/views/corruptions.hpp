#pragma once
// What happens to samples in the world, in five severities: how much of an accuracy is left tells how
// robust features are. Not for training.

#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"
#include "likewise/views/view.hpp"

namespace likewise {

// One row. `make(severity, rate)` gives a view of samples as the data set has them, severity 1 to 5;
// rate is the frames a second of sounds and series (0: unknown).
struct Corruption {
  Modality modality;
  const char* name;
  const char* summary;
  View (*make)(int severity, double rate);
};

// Images: the fifteen kinds of Hendrycks and Dietterich ("Benchmarking neural network robustness to
// common corruptions and perturbations", ICLR 2019) with the strengths that CIFAR-10-C gives 32
// pixels; lengths grow with the image. Own implementation, not compared with their files: frost is a
// procedural pattern in place of their photographs, and what is random is ours. Sounds and series: our
// own choice of kinds and strengths. Tensors: noise and missing values.
const std::vector<Corruption>& corruptions();

}  // namespace likewise
