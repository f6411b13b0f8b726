#pragma once
// What every evaluation sees: frozen features with labels, whatever the modality was.

#include <string>
#include <vector>

#include "likewise/tensor.hpp"

namespace likewise {

struct FeatureSet {
  Tensor x;       // float [N, D]
  Tensor y;       // int64 [N], -1 when unknown
  Tensor domain;  // int64 [N], -1 when unknown
  std::vector<std::string> class_names;
};

}  // namespace likewise
