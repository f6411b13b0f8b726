#pragma once
// What happens to samples in the world, in five severities: how much of an accuracy is left tells
// how robust features are. Not for training.

#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"
#include "likewise/views/view.hpp"

namespace likewise {

inline constexpr int kSeverities = 5;

// One row. `make(severity, rate)` gives a view of samples as the data set has them, of the same
// shape and type; severity 1 to 5; rate is the frames a second of sounds and series (0: unknown).
struct Corruption {
  Modality modality;
  const char* name;
  const char* group;
  const char* summary;
  View (*make)(int severity, double rate);
};

// Images: the fifteen kinds of Hendrycks and Dietterich ("Benchmarking neural network robustness to
// common corruptions and perturbations", ICLR 2019), in the paper's order and groups (noise, blur,
// weather, digital), with the strengths from which CIFAR-10-C was made for 32 pixels; lengths grow
// with the shorter side. The pictures themselves are our own computation, not the files of
// CIFAR-10-C: frost is synthetic (the authors lay photographs of frost over the image), Poisson
// counts above 50 are drawn as rounded normal ones, blurs and warps sample bilinearly. Numbers are
// to be compared with each other, not digit by digit with tables of CIFAR-10-C. Sounds and series:
// our own choice of kinds and strengths. Tensors: noise and missing values.
const std::vector<Corruption>& corruptions();

// Those of one modality, in that order.
std::vector<Corruption> corruptions_of(Modality modality);

// Throws UserError for an unknown name, with the nearest.
const Corruption& find_corruption(Modality modality, const std::string& name);

// One of the fifteen of images: x uint8 or float in [0, 1], [C, H, W], C = 1 or 3 -> float [C, H,
// W] in [0, 1]. Throws UserError for an unknown name, another severity, shape or type.
Tensor corrupt(const Tensor& x, const std::string& name, int severity, Rng& rng);

// A data set whose samples are corrupted; sample i by a stream of (seed, name, severity, i).
DatasetPtr with_corruption(DatasetPtr dataset, const std::string& name, int severity, double rate,
                           uint64_t seed);

}  // namespace likewise
