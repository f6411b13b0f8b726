#pragma once
// A residual network over time.

#include <memory>
#include <vector>

#include "likewise/nn/encoder.hpp"
#include "likewise/nn/layers.hpp"

namespace likewise {

struct ResNet1dOptions {
  int64_t channels = 1;
  int64_t width = 32;
  int64_t stem_stride =
      1;               // waves are taken in long steps; the stem's kernel is twice that and more
  int64_t blocks = 4;  // widths w, 2w, 4w, 4w, ...; the second to fourth halve the length
  int64_t kernel = 5;
};

// Waves are taken in steps of a power of two, so that at most 512 frames are left of `length`.
int64_t stem_stride_of(int64_t length);

// The counterpart of SmallResNet (as the time-series baseline of Wang et al., "Time series
// classification from scratch", IJCNN 2017, in shape): convolutions along time, batch norms,
// shortcuts. x [N, channels, T] -> global average [N, D], D = 4 width (from three blocks on).
class ResNet1d : public Encoder {
 public:
  explicit ResNet1d(const ResNet1dOptions& options);
  Tensor forward(const Tensor& x) override;
  int64_t feature_dim() const override { return feature_dim_; }
  std::shared_ptr<Encoder> twin() const override { return std::make_shared<ResNet1d>(options_); }

 private:
  class TimeConv;
  class Block;
  ResNet1dOptions options_;
  int64_t feature_dim_ = 0;
  std::shared_ptr<TimeConv> conv1_;
  std::shared_ptr<BatchNorm> bn1_;
  std::vector<std::shared_ptr<Block>> blocks_;
};

}  // namespace likewise
