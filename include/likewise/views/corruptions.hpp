#pragma once
// Common corruptions of images: what a camera, the weather or a file format does to a picture.

#include <string>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/data/dataset.hpp"
#include "likewise/tensor.hpp"

namespace likewise {

// One row of the fifteen.
struct CorruptionEntry {
  std::string name, group;  // "gaussian_noise", "noise"
};

// In the order of the paper: noise (gaussian_noise, shot_noise, impulse_noise), blur (defocus_blur,
// glass_blur, motion_blur, zoom_blur), weather (snow, frost, fog, brightness), digital (contrast, elastic,
// pixelate, jpeg).
const std::vector<CorruptionEntry>& corruptions();

inline constexpr int kSeverities = 5;

// x uint8 or float in [0, 1], [C, H, W], C = 1 or 3 -> float [C, H, W] in [0, 1]; severity 1 to 5.
//
// The strengths are those from which CIFAR-10-C was made, for images of 32 pixels; lengths grow with the
// shorter side. The pictures themselves are our own computation, not the files of CIFAR-10-C: frost is
// synthetic (the authors lay photographs of frost over the image), Poisson counts above 50 are drawn as
// rounded normal ones, blurs and warps sample bilinearly. Numbers are to be compared with each other, not
// digit by digit with tables of CIFAR-10-C.
//
// Source: Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
// perturbations", ICLR 2019. Throws UserError for an unknown name (with the nearest), another severity,
// shape or type.
Tensor corrupt(const Tensor& x, const std::string& name, int severity, Rng& rng);

// A data set whose images are corrupted, uint8 as before; image i by a stream of (seed, name, severity, i).
DatasetPtr with_corruption(DatasetPtr dataset, const std::string& name, int severity, uint64_t seed);

}  // namespace likewise
