#pragma once
// Which family a network is of.

#include "likewise/io/network.hpp"

namespace likewise::io_detail {

inline constexpr int64_t kHeadWidth = 64;  // features of an attention head

inline bool is_vit(const Network& network) { return network.encoder.name.starts_with("vit_"); }
inline bool is_resnet(const Network& network) { return network.encoder.name.starts_with("resnet"); }

}  // namespace likewise::io_detail
