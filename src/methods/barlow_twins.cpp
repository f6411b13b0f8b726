#include "likewise/methods/barlow_twins.hpp"

#include "likewise/base/error.hpp"

namespace likewise {

BarlowTwins::BarlowTwins(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head), options_(options.loss) {}

Tensor BarlowTwins::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "Barlow Twins compares two views, found {}", z.size());
  return barlow_twins(z[0], z[1], options_);
}

}  // namespace likewise
