#include "likewise/methods/protoclr.hpp"

#include <ATen/ops/stack.h>

#include "likewise/base/error.hpp"
#include "likewise/losses/prototypical.hpp"

namespace likewise {

ProtoClr::ProtoClr(std::shared_ptr<Encoder> encoder, const Options& options)
    : HeadMethod(std::move(encoder), options.head), temperature_(options.temperature) {}

Tensor ProtoClr::loss_of(const std::vector<Tensor>& z, const Batch&) {
  LIKEWISE_CHECK(z.size() >= 2, "ProtoCLR needs a support and a query, found {} views", z.size());
  const Tensor queries = at::stack(std::vector<Tensor>(z.begin() + 1, z.end()), 1);  // [N, Q, d]
  return prototypical(z[0].unsqueeze(1), queries, temperature_);
}

}  // namespace likewise
