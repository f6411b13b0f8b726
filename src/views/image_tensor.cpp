#include "views/image_tensor.hpp"

#include <ATen/ops/empty.h>

#include "likewise/base/error.hpp"

namespace likewise {

Tensor checked_image(const Tensor& x, const char* view, bool allow_bytes) {
  if (!x.defined()) throw UserError("{}: the image is an undefined tensor", view);
  const auto type = x.scalar_type();
  if (type != at::kFloat && !(allow_bytes && type == at::kByte)) {
    throw UserError("{}: the image has type {}; accepted is float{}", view, c10::toString(type),
                    allow_bytes ? " or uint8" : "");
  }
  if (x.dim() != 3 || (x.size(0) != 1 && x.size(0) != 3) || x.numel() == 0) {
    std::string shape;
    for (int64_t n : x.sizes()) shape += (shape.empty() ? "" : ", ") + std::to_string(n);
    throw UserError("{}: the image has shape [{}]; accepted is [C, H, W] with C = 1 or 3", view,
                    shape);
  }
  if (!x.device().is_cpu()) throw UserError("{}: the image is not in the CPU's memory", view);
  return x.contiguous();
}

kernels::ImageShape shape_of(const Tensor& image) {
  return {image.size(0), image.size(1), image.size(2)};
}

Tensor new_image(int64_t channels, int64_t height, int64_t width) {
  return at::empty({channels, height, width}, at::kFloat);
}

}  // namespace likewise
