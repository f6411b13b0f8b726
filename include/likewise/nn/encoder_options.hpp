#pragma once
// Which encoder, and its size.

#include <cstdint>
#include <string>

#include "likewise/base/options.hpp"

namespace likewise {

// "auto" and 0 stand for what suits the architecture and the image size; `resolve`
// (catalogue.hpp) replaces them. Options that an architecture does not have are errors when set.
struct EncoderOptions {
  std::string name = "auto";  // a name of the catalogue
  int64_t width = 0;
  int64_t blocks = 0;
  std::string stem = "auto";
  bool zero_init = false;
  int64_t patch = 0;
  std::string pool = "auto";
  int64_t heads = 0;
  int64_t registers = 0;
  int64_t projection = 0;
  std::string activation = "auto";
  double norm_eps = 0;

  template <class V>
  void fields(V& v) {
    v("name", name, "architecture (likewise list encoders); auto: by the image size");
    v("width", width,
      "base width: of a residual network's first stage, of conv4's layers, of a "
      "transformer's tokens; 0: the architecture's own",
      range(0, 8192));
    v("blocks", blocks, "blocks of small or of a transformer; 0: the architecture's own",
      range(0, 64));
    v("stem", stem,
      "first layers of a residual network: imagenet halves the image twice, cifar "
      "keeps it; auto: cifar up to 64 pixels",
      choices({"auto", "imagenet", "cifar"}));
    v("zero_init", zero_init, "let residual blocks start as identities (resnet18, 34, 50)");
    v("patch", patch, "side of a transformer's patches in pixels; 0: by the image size",
      range(0, 256));
    v("pool", pool, "a transformer's features: class token, or average of the patches",
      choices({"auto", "token", "average"}));
    v("heads", heads, "attention heads of a transformer; 0: one for 64 features", range(0, 256));
    v("registers", registers, "further tokens of dinov2_*, which take up what is of no place",
      range(0, 64));
    v("projection", projection,
      "features that clip_* projects its class token to; 0: the architecture's own, -1: none",
      range(-1, 8192));
    v("activation", activation, "between a transformer's layers; OpenAI's CLIP has quick_gelu",
      choices({"auto", "gelu", "quick_gelu"}));
    v("norm_eps", norm_eps,
      "added to variances in a transformer's norms; 0: the architecture's own", range(0, 1));
  }
};

}  // namespace likewise
