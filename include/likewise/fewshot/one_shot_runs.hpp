#pragma once
// One-shot classification runs in the layout of Omniglot's author:
// DIR/run01/{training,test}/*.png and DIR/run01/class_labels.txt, a line "TEST TRAINING" for each
// test image.

#include <filesystem>
#include <string>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise::fewshot {

struct OneShotRun {
  std::string name;                   // "run01"
  std::vector<std::string> training;  // [N] paths below the folder, one a class
  std::vector<std::string> test;      // [N], test[i] is of the class of training[i]
};

// The runs below a folder, by name. Throws UserError when there is none, DataError with file and
// line when a label file names missing images or gives a class twice.
std::vector<OneShotRun> find_one_shot_runs(const std::filesystem::path& folder);

// uint8 [C, H, W] of an image below `folder`, ink 255 and paper 0, as Omniglot is read.
Tensor read_ink(const std::filesystem::path& folder, const std::string& path);

// The modified Hausdorff distance of two drawings, uint8 [1, H, W] with ink above 127: of the
// places of ink, each set moved to its mean, max over both directions of the mean distance to the
// nearest place of the other. Source: Dubuisson and Jain, "A modified Hausdorff distance for object
// matching", ICPR 1994. Throws UserError for a drawing without ink.
double modified_hausdorff(const Tensor& a, const Tensor& b);

// Share of a run's test images whose nearest training image is that of their class.
double hausdorff_accuracy(const std::filesystem::path& folder, const OneShotRun& run);

}  // namespace likewise::fewshot
