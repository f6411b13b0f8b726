#pragma once
// Encoders in files of other programs: which one it is, and its tensors under our names.

#include <optional>
#include <string>
#include <vector>

#include "likewise/nn/adapt_weights.hpp"
#include "likewise/nn/encoder_options.hpp"
#include "likewise/nn/weight_file.hpp"

namespace likewise {

struct ForeignEncoder {
  std::string family;               // "DINOv2 in its authors' names"
  std::string prefix;               // what stands before each name: "state_dict/module.encoder_q."
  std::vector<std::string> others;  // prefixes of further encoders in the file
  EncoderOptions encoder;           // for `image_size`
  int64_t channels = 3;             // of its first layer
  int64_t image_size = 224;         // that it was made for
  std::vector<double> mean, std;    // that its pixels are normalised with, values in [0, 1]
  double crop = 0.875;              // part of the shorter side that it was evaluated on
  std::string assumed;              // what the file does not say and was taken for granted
  NamedTensors tensors;             // under our names
  std::vector<std::string> left_over;  // behind the prefix, without place in the encoder: heads
  PositionResampling positions;
};

// The encoder in the file: a ResNet-18, 34 or 50, or a vision transformer, in the names of
// torchvision, timm, Hugging Face, DINO, DINOv2, MoCo, SimCLR, solo-learn, lightly, Lightning or
// OpenCLIP. Of several the one that their authors evaluate: the teacher of DINO, the query encoder
// of MoCo, the online network of BYOL. `part`, when not empty, is the prefix of the wanted one.
// Throws UserError when there is none, and says what there is.
ForeignEncoder recognise(const WeightFile& file, const std::string& part = "");

// Into an encoder of the catalogue. Position embeddings, patches and channels are changed where
// they differ, which the report lists; what fits in no way is `mismatched`.
LoadReport load_foreign(torch::nn::Module& module, const ForeignEncoder& foreign);

}  // namespace likewise
