#pragma once
// A network as other programs take it: an encoder, what prepares images for it, and, where there is
// one, the linear classifier behind it; and how graphs of it are written.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "likewise/base/input_shape.hpp"
#include "likewise/nn/encoder_options.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise {

// probabilities = softmax((features - mean) weight^T + bias); the calibration is in the weights.
struct LinearHead {
  Tensor mean;    // float [D]
  Tensor weight;  // float [K, D]
  Tensor bias;    // float [K]
  std::vector<std::string> class_names;

  // bias - mean weight^T, float [K]: for places that have no mean.
  Tensor plain_bias() const;
};

struct Network {
  EncoderOptions encoder;  // resolved
  NamedTensors weights;    // of the encoder
  int64_t channels = 3, image_size = 0, feature_dim = 0;
  // Of what is no image: sounds, series, vectors; `image_size` is 0 then.
  std::optional<InputShape> other = std::nullopt;
  std::vector<double> mean, std;  // of each channel, values in [0, 1]; or of other inputs
  double crop = 1;                // part of the shorter side that is looked at ...
  bool padded = false;            // ... or margins make an image square
  std::optional<LinearHead> head;

  InputShape shape() const { return other ? *other : InputShape::image(channels, image_size); }
  // What graphs call the input.
  std::string input_name() const { return other ? "input" : "image"; }
};

// How a graph takes images [N, ., ., .]; other inputs are always prepared.
enum class GraphInput {
  kPrepared,  // float [N, C, S, S] or of another shape, already normalised
  kNchw,  // uint8 [N, C, S, S]; the graph divides by 255, subtracts the mean, divides by the std
  kNhwc,  // uint8 [N, S, S, C], the same
};

// The input is called `image` (or `input`), the outputs `features` [N, D] and, with a head,
// `probabilities` [N, K]; N is free. Written whole or not at all. Opset 17; GELU by its error
// function; batch normalisation stays a node, so that the parameters keep their names.
void write_onnx_network(const std::filesystem::path& path, const Network& network, GraphInput input,
                        const std::map<std::string, std::string>& metadata = {});

// A TorchScript archive: torch.jit.load(path)(input) gives the features, or with a head the pair
// (features, probabilities). Parameters keep their names. `metadata` become extra files of the
// archive.
void write_torchscript_network(const std::filesystem::path& path, const Network& network,
                               GraphInput input,
                               const std::map<std::string, std::string>& metadata = {});

}  // namespace likewise
