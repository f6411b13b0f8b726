#include "likewise/methods/vicreg.hpp"

#include "likewise/base/error.hpp"

namespace likewise {

VicReg::VicReg(std::shared_ptr<Encoder> encoder, const Options& options)
    : Method(encoder), options_(options) {
  head_ = register_module("head", std::make_shared<Head>(encoder->feature_dim(), options.head));
}

Tensor VicReg::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "VICReg compares two views, found {}", z.size());
  return vicreg(z[0], z[1], options_.loss);
}

}  // namespace likewise
