#pragma once
// Convolutions with mirrored edges, of an image that may be grown first, by our own kernels: what a
// viewmaker is made of. Neither the grown nor the padded image is ever written.

#include "likewise/tensor.hpp"

namespace likewise::detail {

struct MirrorGeometry {
  int64_t stride = 1;
  int64_t height = 0, width = 0;  // to which the image is grown by nearest neighbours; 0: not
};

// Channels in memory: whole blocks of 16, of which those beyond `channels` are zero.
int64_t whole_blocks(int64_t channels);

// Whether x [N, C, H, W] can pass a network of these functions whose first layer takes and whose
// last gives at most 8 channels: floats on the processor, no autocast, more than the portable
// kernels.
bool has_own_mirror_conv(const Tensor& x);

// conv2d of the grown image with mirrored edges of K / 2 pixels. x [N, whole_blocks(C), H, W], or
// [N, C, H, W] with C <= 8, channels-last; weight [O, C, K, K].
//   mirror_conv:     [N, whole_blocks(O), H', W'] without a bias, for a norm that removes it
//   mirror_conv_few: [N, O, H', W'] with a bias, O <= 8, stride 1
// Gradients are ours; those of a graph over them are libtorch's.
Tensor mirror_conv(const Tensor& x, const Tensor& weight, const MirrorGeometry& geometry);
Tensor mirror_conv_few(const Tensor& x, const Tensor& weight, const Tensor& bias);

// The same by libtorch, any type: the definition. `whole`: with zeros to whole blocks of channels.
Tensor plain_mirror_conv(const Tensor& x, const Tensor& weight, const MirrorGeometry& geometry,
                         bool whole);

// [N, whole_blocks(C + 1), H, W]: the first C channels of x, then `more` [N, 1, H, W], then zeros.
Tensor with_channel(const Tensor& x, int64_t channels, const Tensor& more);

}  // namespace likewise::detail
