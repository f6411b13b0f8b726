#pragma once
// The network that makes views: an input and noise in, a perturbation out.

#include <memory>
#include <string>

#include "likewise/base/options.hpp"
#include "likewise/nn/layers.hpp"
#include "likewise/nn/noise_stream.hpp"

namespace likewise {

struct ViewmakerShape {
  int64_t width = 32;
  int64_t blocks = 3;
  std::string activation = "relu";
  double start = 1;
  template <class V>
  void fields(V& v) {
    v("width", width, "channels of its first layer, doubled twice (32: the paper's)",
      range(1, 4096));
    v("blocks", blocks, "residual blocks, each with a noise channel of its own", range(0, 32));
    v("activation", activation, "between its layers", choices({"relu", "leaky_relu"}));
    v("start", start,
      "factor on its last layer at the start; with 1e-5 perturbations begin near 0 (the bound "
      "scales "
      "up more)",
      range(0, 10));
  }
};

// What a viewmaker is made for: the shape of a sample without the batch. A convolutional form for
// images [C, H, W] and series [C, T], of any size from 5, and a form of linear layers for vectors
// [D].
enum class ViewmakerKind { vector, series, image };
const char* viewmaker_kind_name(ViewmakerKind kind);    // "vector", "series", "image"
ViewmakerKind viewmaker_kind(const std::string& name);  // the other way; DataError for none
ViewmakerKind viewmaker_kind_of_batch(
    const Tensor& batch);  // by its dimensions; UserError for others

// x [N, C, H, W], [N, C, T] or [N, D] -> y of the same shape, before any bound (perturbation.hpp).
//
// Images and series (2-D as in the authors' code, 1-D the same with convolutions over time), with w
// the width, R blocks, k the noise sites 0, ..., R; IN is instance normalisation with scale and
// shift:
//
//   k = 0   concatenate a channel of noise U[0, 1)      C + 1    H
//           conv 9, IN, act                             w        H
//           conv 3 stride 2, IN, act                    2w       H/2
//           conv 3 stride 2, IN, act                    4w       H/4
//   k = i   concatenate a channel of noise              4w + i   H/4
//           IN(conv 3(act(IN(conv 3(x))))) + x
//           nearest up, conv 3, IN, act                 2w       H/2
//           nearest up, conv 3, IN, act                 w        H
//           conv 9                                      C        H
//
// All convolutions have a bias and reflection padding. Sizes that 4 does not divide are rounded up
// on the way down and met again on the way up. Weights and biases start uniform in +-1/sqrt(fan
// in). With w = 32 and R = 3 there are 1,120,131 parameters for 3 channels, 1,109,761 for 1,
// 1,374,196 for 52. (The authors' code also allocates blocks that it never uses.)
//
// Vectors (our own form): the same with linear layers and layer normalisation: D + w noise values
// -> 4w, R residual blocks of width 4w + i w that begin with w noise values, -> D.
//
// Source: Tamkin, Wu, Goodman, "Viewmaker networks: learning views for unsupervised representation
// learning", ICLR 2021, and its code.
class Viewmaker : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensor& x, const NoiseStream& noise) = 0;
  virtual int64_t noise_sites() const = 0;  // R + 1
};

// `features`: channels, or D of vectors. Weights are zeros until `initialize` (initialize.hpp).
std::shared_ptr<Viewmaker> make_viewmaker(ViewmakerKind kind, int64_t features,
                                          const ViewmakerShape& shape);

}  // namespace likewise
