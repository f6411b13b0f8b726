#include "likewise/methods/vicreg.hpp"

#include "likewise/base/error.hpp"

namespace likewise {

VicReg::VicReg(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head), options_(options.loss) {}

Tensor VicReg::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "VICReg compares two views, found {}", z.size());
  return vicreg(z[0], z[1], options_);
}

}  // namespace likewise
