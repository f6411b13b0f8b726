#pragma once
// Which family a network is of.

#include "likewise/io/network.hpp"

namespace likewise::io_detail {

// The vision transformer of the paper, which other programs have under this name: no
// registers, GELU, heads of 64 features.
inline bool is_plain_vit(const EncoderOptions& resolved) {
  return resolved.name.starts_with("vit_") && resolved.registers == 0 &&
         resolved.activation != "quick_gelu" && resolved.norm_eps == 1e-6 &&
         resolved.heads * 64 == resolved.width;
}
inline bool is_vit(const Network& network) { return is_plain_vit(network.encoder); }
inline bool is_resnet(const Network& network) { return network.encoder.name.starts_with("resnet"); }

}  // namespace likewise::io_detail
