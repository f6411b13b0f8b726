#pragma once
// Heads between the features and the loss; thrown away after pretraining.

#include <memory>
#include <string>

#include "likewise/base/options.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

// The projector or predictor of nearly every method. With defaults SimCLR's shape but for the norm
// behind the last layer; `Head` lists the others.
struct HeadOptions {
  int64_t layers = 2;  // 0: none, features pass; 1: linear
  int64_t hidden = 0;  // 0: as wide as the input, at least 256
  int64_t out = 128;
  bool batch_norm = true;        // between the layers
  bool last_batch_norm = false;  // behind the last
  bool last_affine = true;       // whether that norm has scale and shift
  std::string activation = "relu";

  template <class V>
  void fields(V& v) {
    v("layers", layers, "linear layers of the head; 0 leaves the features as they are",
      range(0, 8));
    v("hidden", hidden, "width of its hidden layers; 0: as wide as the features, at least 256", range(0, 65536));
    v("out", out, "width of its output", range(1, 262144));
    v("batch_norm", batch_norm, "batch norm between the layers");
    v("last_batch_norm", last_batch_norm, "batch norm behind the last layer");
    v("last_affine", last_affine, "scale and shift in the last batch norm");
    v("activation", activation, "between the layers", choices({"relu", "gelu"}));
  }
};

// linear, batch norm, activation, ..., linear[, batch norm]; layers are named as in
// torch.nn.Sequential, "layers.0", "layers.1", ..., an activation counting as one. A linear layer
// has a bias unless a norm follows. x [N, D] -> [N, out].
//
//   SimCLR 2 layers, last_batch_norm    SimCLR v2, MoCo v3 3 layers, last_batch_norm
//   MoCo v2 2 layers, no batch_norm     BYOL, SwAV 2 layers    Barlow Twins, VICReg 3 layers
//   SimSiam 3 layers, last_batch_norm, no last_affine; its predictor 2 layers
class Head : public torch::nn::Module {
 public:
  Head(int64_t in, const HeadOptions& options);
  Tensor forward(const Tensor& x);
  int64_t out_dim() const { return out_dim_; }

 private:
  int64_t out_dim_;
  std::shared_ptr<Sequence> layers_;
};

struct DinoHeadOptions {
  int64_t hidden = 2048;
  int64_t bottleneck = 256;
  int64_t out = 4096;  // prototypes, K
  bool batch_norm = false;
  bool norm_last_layer = true;  // directions of length 1: weight_g is frozen at 1

  template <class V>
  void fields(V& v) {
    v("hidden", hidden, "width of the hidden layers", range(1, 65536));
    v("bottleneck", bottleneck, "width before the prototypes", range(1, 65536));
    v("out", out, "number of prototypes", range(2, 1048576));
    v("batch_norm", batch_norm, "batch norm between the layers");
    v("norm_last_layer", norm_last_layer, "prototypes of fixed length 1");
  }
};

// DINO's head (Caron et al., ICCV 2021): three layers with GELU, the result divided by its length,
// then products with prototypes g v / |v|: last_layer.weight_g [K, 1], last_layer.weight_v
// [K, bottleneck]. x [N, D] -> [N, K].
class DinoHead : public torch::nn::Module {
 public:
  DinoHead(int64_t in, const DinoHeadOptions& options);
  Tensor forward(const Tensor& x);

 private:
  std::shared_ptr<Sequence> layers_;
  std::shared_ptr<Layer> last_layer_;
};

}  // namespace likewise
