#pragma once
// Layers one after the other, for vectors.

#include "likewise/nn/encoder.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

struct MlpOptions {
  int64_t features = 1;
  int64_t width = 256;
  int64_t depth = 3;
};

// depth times linear, batch norm, rectifier: x [N, features] -> [N, width]. Samples of more
// dimensions are read as one vector.
class Mlp : public Encoder {
 public:
  explicit Mlp(const MlpOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return options_.width; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<Mlp>(options_); }

 private:
  MlpOptions options_;
  std::vector<std::shared_ptr<Linear>> layers_;
  std::vector<std::shared_ptr<BatchNorm>> norms_;
};

}  // namespace likewise
