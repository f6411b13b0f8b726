#include "likewise/nn/viewmaker.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/instance_norm.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/reflection_pad1d.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/upsample_nearest1d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "likewise/nn/initialize.hpp"
#include "nn/instance_norm.hpp"
#include "nn/mirror_conv.hpp"

namespace likewise {

namespace {

constexpr int64_t kSmallest = 5;  // the first layer mirrors four values at every end

// A convolution over one or two dimensions with mirrored edges and a bias.
class MirrorConv : public Layer {
 public:
  MirrorConv(int64_t dims, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1,
             double start = 1)
      : pad_(kernel / 2), stride_(stride), start_(start) {
    std::vector<int64_t> shape = {out, in, kernel};
    if (dims == 2) shape.push_back(kernel);
    weight_ = register_parameter("weight", at::zeros(shape));
    bias_ = register_parameter("bias", at::zeros({out}));
  }

  Tensor forward(const Tensor& x) override {
    Tensor y;
    if (weight_.dim() == 4) {
      y = at::conv2d(at::reflection_pad2d(x, {pad_, pad_, pad_, pad_}), weight_, bias_,
                     {stride_, stride_});
    } else {
      y = at::conv1d(at::reflection_pad1d(x, {pad_, pad_}), weight_, bias_, {stride_});
    }
    detail::MultiplyAddCounter::add(y.numel() * weight_.numel() / weight_.size(0));
    return y;
  }

  void initialize(Rng& rng) override {
    const double bound = 1 / std::sqrt(static_cast<double>(weight_.numel() / weight_.size(0)));
    fill_uniform(weight_, start_ * bound, rng);
    fill_uniform(bias_, start_ * bound, rng);
  }

  int64_t out() const { return weight_.size(0); }
  int64_t stride() const { return stride_; }
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  int64_t pad_, stride_;
  double start_;
  Tensor weight_, bias_;
};

// Every channel of every sample to mean 0 and variance 1, then scale and shift. No running values.
class InstanceNorm : public Layer {
 public:
  explicit InstanceNorm(int64_t channels) {
    weight_ = register_parameter("weight", at::ones({channels}));
    bias_ = register_parameter("bias", at::zeros({channels}));
  }
  Tensor forward(const Tensor& x) override {
    return at::instance_norm(x, weight_, bias_, {}, {}, /*use_input_stats=*/true, 0, 1e-5, false);
  }
  void initialize(Rng&) override {
    fill_constant(weight_, 1);
    fill_constant(bias_, 0);
  }
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
};

Tensor activate(const Tensor& x, bool leaky) { return leaky ? at::leaky_relu(x) : at::relu(x); }

// x with channels of noise behind its own. [N, C + 1, ...]
Tensor with_noise_channel(const Tensor& x, const NoiseStream& noise, uint64_t site) {
  std::vector<int64_t> shape = x.sizes().vec();
  shape[1] = 1;
  return at::cat({x, noise.uniform(site, shape, x)}, 1);
}

// Nearest neighbours, to the sizes of `like` behind the channels.
Tensor grown_to(const Tensor& x, const std::vector<int64_t>& size) {
  if (size.size() == 3) return at::upsample_nearest1d(x, {size[2]});
  return at::upsample_nearest2d(x, {size[2], size[3]});
}

class ConvViewmaker : public Viewmaker {
 public:
  ConvViewmaker(int64_t dims, int64_t channels, const ViewmakerShape& shape)
      : dims_(dims), channels_(channels), leaky_(shape.activation == "leaky_relu") {
    const int64_t w = shape.width, wide = 4 * w;
    add(down_, "down", std::make_shared<MirrorConv>(dims, channels + 1, w, 9), w);
    add(down_, "down", std::make_shared<MirrorConv>(dims, w, 2 * w, 3, 2), 2 * w);
    add(down_, "down", std::make_shared<MirrorConv>(dims, 2 * w, wide, 3, 2), wide);
    for (int64_t i = 1; i <= 2 * shape.blocks; ++i) {
      const int64_t c = wide + (i + 1) / 2;
      add(residual_, "residual", std::make_shared<MirrorConv>(dims, c, c, 3), c);
    }
    add(up_, "up", std::make_shared<MirrorConv>(dims, wide + shape.blocks, 2 * w, 3), 2 * w);
    add(up_, "up", std::make_shared<MirrorConv>(dims, 2 * w, w, 3), w);
    last_ =
        register_module("last", std::make_shared<MirrorConv>(dims, w, channels, 9, 1, shape.start));
  }

  Tensor forward(const Tensor& x, const NoiseStream& noise) override {
    check(x);
    std::vector<std::vector<int64_t>> sizes;
    Tensor y = with_noise_channel(x.contiguous(), noise, 0);
    if (dims_ == 2 && !leaky_ && detail::has_own_mirror_conv(y)) return own(y, noise);
    for (const Stage& stage : down_) {
      sizes.push_back(y.sizes().vec());
      y = activate(apply(stage, y), leaky_);
    }
    for (size_t i = 0; i + 1 < residual_.size(); i += 2) {
      y = with_noise_channel(y, noise, i / 2 + 1);
      y = apply(residual_[i + 1], activate(apply(residual_[i], y), leaky_)) + y;
    }
    for (size_t i = 0; i < up_.size(); ++i) {
      y = activate(apply(up_[i], grown_to(y, sizes[2 - i])), leaky_);
    }
    return last_->forward(y);
  }

  int64_t noise_sites() const override { return static_cast<int64_t>(residual_.size()) / 2 + 1; }

 private:
  struct Stage {
    std::shared_ptr<MirrorConv> conv;
    std::shared_ptr<InstanceNorm> norm;
  };
  void add(std::vector<Stage>& stages, const std::string& name, std::shared_ptr<MirrorConv> conv,
           int64_t out) {
    const std::string number = std::to_string(stages.size());
    register_module(name + number, conv);
    auto norm = register_module(name + number + "_norm", std::make_shared<InstanceNorm>(out));
    stages.push_back({std::move(conv), std::move(norm)});
  }
  static Tensor apply(const Stage& stage, const Tensor& x) {
    return stage.norm->forward(stage.conv->forward(x));
  }
  // The rest of the network by our own kernels, channels in whole blocks.
  Tensor own(Tensor y, const NoiseStream& noise) {
    std::vector<std::vector<int64_t>> sizes;
    for (const Stage& stage : down_) {
      sizes.push_back(y.sizes().vec());
      y = own_stage(stage, y, {stage.conv->stride()}, true);
    }
    for (size_t i = 0; i + 1 < residual_.size(); i += 2) {
      const uint64_t site = i / 2 + 1;
      const Tensor more = noise.uniform(site, {y.size(0), 1, y.size(2), y.size(3)}, y);
      y = detail::with_channel(y, residual_[i].conv->out() - 1, more);
      const Tensor inner = own_stage(residual_[i], y, {}, true);
      y = own_stage(residual_[i + 1], inner, {}, false, y);
    }
    for (size_t i = 0; i < up_.size(); ++i) {
      const auto& size = sizes[2 - i];
      y = own_stage(up_[i], y, {1, size[2], size[3]}, true);
    }
    return detail::mirror_conv_few(y, last_->weight(), last_->bias());
  }
  static Tensor own_stage(const Stage& stage, const Tensor& x,
                          const detail::MirrorGeometry& geometry, bool rectify,
                          const Tensor& residual = {}) {
    const Tensor y = detail::mirror_conv(x, stage.conv->weight(), geometry);
    return detail::fused_instance_norm(
        y, {stage.norm->weight(), stage.norm->bias(), stage.conv->bias()}, rectify, residual);
  }
  void check(const Tensor& x) const {
    if (x.dim() != dims_ + 2 || x.size(1) != channels_) {
      throw UserError("this viewmaker is for {} of {} channels; the batch is [{}]",
                      dims_ == 2 ? "images" : "series", channels_,
                      fmt::join(x.sizes().vec(), ", "));
    }
    for (int64_t d = 2; d < x.dim(); ++d) {
      if (x.size(d) < kSmallest) {
        throw UserError("a viewmaker needs at least {} values along every axis; the batch is [{}]",
                        kSmallest, fmt::join(x.sizes().vec(), ", "));
      }
    }
  }

  int64_t dims_, channels_;
  bool leaky_;
  std::vector<Stage> down_, residual_, up_;
  std::shared_ptr<MirrorConv> last_;
};

// A linear layer whose start can be made small.
class StartedLinear : public Linear {
 public:
  StartedLinear(int64_t in, int64_t out, double start) : Linear(in, out), start_(start) {}
  void initialize(Rng& rng) override {
    const double bound = start_ / std::sqrt(static_cast<double>(weight.size(1)));
    fill_uniform(weight, bound, rng);
    fill_uniform(bias, bound, rng);
  }

 private:
  double start_;
};

class VectorViewmaker : public Viewmaker {
 public:
  VectorViewmaker(int64_t features, const ViewmakerShape& shape)
      : features_(features), noise_(shape.width), leaky_(shape.activation == "leaky_relu") {
    const int64_t wide = 4 * noise_;
    first_ = register_module("first", std::make_shared<Linear>(features + noise_, wide));
    first_norm_ = register_module("first_norm", std::make_shared<LayerNorm>(wide, 1e-5));
    for (int64_t i = 1; i <= shape.blocks; ++i) {
      for (const char* part : {"a", "b"}) {
        const std::string name = "residual" + std::to_string(i - 1) + part;
        const int64_t c = wide + i * noise_;
        linear_.push_back(register_module(name, std::make_shared<Linear>(c, c)));
        norm_.push_back(register_module(name + "_norm", std::make_shared<LayerNorm>(c, 1e-5)));
      }
    }
    last_ = register_module("last", std::make_shared<StartedLinear>(wide + shape.blocks * noise_,
                                                                    features, shape.start));
  }

  Tensor forward(const Tensor& x, const NoiseStream& noise) override {
    if (x.dim() != 2 || x.size(1) != features_) {
      throw UserError("this viewmaker is for vectors of {} values; the batch is [{}]", features_,
                      fmt::join(x.sizes().vec(), ", "));
    }
    Tensor y = with_noise(x, noise, 0);
    y = activate(first_norm_->forward(first_->forward(y)), leaky_);
    for (size_t i = 0; i < linear_.size(); i += 2) {
      y = with_noise(y, noise, i / 2 + 1);
      const Tensor inner = activate(norm_[i]->forward(linear_[i]->forward(y)), leaky_);
      y = norm_[i + 1]->forward(linear_[i + 1]->forward(inner)) + y;
    }
    return last_->forward(y);
  }

  int64_t noise_sites() const override { return static_cast<int64_t>(linear_.size()) / 2 + 1; }

 private:
  Tensor with_noise(const Tensor& x, const NoiseStream& noise, uint64_t site) const {
    return at::cat({x, noise.uniform(site, {x.size(0), noise_}, x)}, 1);
  }

  int64_t features_, noise_;
  bool leaky_;
  std::shared_ptr<Linear> first_;
  std::shared_ptr<LayerNorm> first_norm_;
  std::vector<std::shared_ptr<Linear>> linear_;
  std::vector<std::shared_ptr<LayerNorm>> norm_;
  std::shared_ptr<StartedLinear> last_;
};

}  // namespace

const char* viewmaker_kind_name(ViewmakerKind kind) {
  return kind == ViewmakerKind::image    ? "image"
         : kind == ViewmakerKind::series ? "series"
                                         : "vector";
}

ViewmakerKind viewmaker_kind(const std::string& name) {
  for (const auto kind : {ViewmakerKind::vector, ViewmakerKind::series, ViewmakerKind::image}) {
    if (name == viewmaker_kind_name(kind)) return kind;
  }
  throw DataError("'{}' is no kind of viewmaker; there are vector, series, image", name);
}

ViewmakerKind viewmaker_kind_of_batch(const Tensor& batch) {
  if (batch.dim() < 2 || batch.dim() > 4) {
    throw UserError(
        "a viewmaker takes vectors [N, D], series [N, C, T] or images [N, C, H, W]; the batch is "
        "[{}]",
        fmt::join(batch.sizes().vec(), ", "));
  }
  return batch.dim() == 4   ? ViewmakerKind::image
         : batch.dim() == 3 ? ViewmakerKind::series
                            : ViewmakerKind::vector;
}

std::shared_ptr<Viewmaker> make_viewmaker(ViewmakerKind kind, int64_t features,
                                          const ViewmakerShape& shape) {
  if (kind == ViewmakerKind::vector) return std::make_shared<VectorViewmaker>(features, shape);
  return std::make_shared<ConvViewmaker>(kind == ViewmakerKind::image ? 2 : 1, features, shape);
}

}  // namespace likewise
