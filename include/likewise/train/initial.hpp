#pragma once
// Encoders that somebody else trained: opened for use as they are, or as the start of training.

#include <string>

#include "likewise/nn/foreign.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise {

struct InitOptions {
  std::string from;
  int64_t size = 0;
  double crop = kUnset;
  std::string norm = "auto";
  std::string device = "auto";
  template <class V>
  void fields(V& v) {
    v("init_from", from,
      "instead of a run: weights in others' formats (.pth, .pt, .ckpt, .bin, .safetensors, a "
      "folder); "
      "FILE#PREFIX names one of several encoders");
    v("init_size", size, "side of the square images for these weights; 0: what they were made for",
      range(0, 4096));
    v("init_crop", crop, "part of the shorter side that is looked at", range(0.1, 1));
    v("init_norm", norm, "mean and deviation of the pixels: ImageNet's, 0.5, CLIP's",
      choices({"auto", "imagenet", "half", "clip"}));
    v("device", device,
      "where the encoder runs: auto (a GPU if libtorch can use one), cpu, cuda, "
      "cuda:N");
  }
};

// "weights.pth#student/backbone." -> file and prefix.
struct WeightPath {
  std::string file, part;
};
WeightPath parse_weight_path(const std::string& text);

// Whether a run, a checkpoint or a model of likewise lies there. Throws UserError when nothing
// does.
bool is_own(const std::string& path);

// What describes the encoder and how images are prepared for it. Throws UserError for a size that
// the patches do not divide.
EncoderSpec foreign_spec(const ForeignEncoder& foreign, const InitOptions& options);

// The encoder of --run or of --init_from, whichever is given; says on stderr what was recognised.
// Throws UserError when none or both are, DataError when a file is broken or does not hold a whole
// encoder. `command` is only used in messages.
TrainedEncoder open_encoder(const std::string& command, const std::string& run,
                            const InitOptions& init);

}  // namespace likewise
