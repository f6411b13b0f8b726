#include "likewise/methods/spectral.hpp"

#include "likewise/base/error.hpp"
#include "likewise/losses/spectral.hpp"

namespace likewise {

Spectral::Spectral(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head), mu_(options.mu) {}

Tensor Spectral::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "the spectral loss compares two views, found {}", z.size());
  return spectral_contrastive(z[0], z[1], mu_);
}

}  // namespace likewise
