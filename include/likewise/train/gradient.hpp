#pragma once
// The gradient of one batch, with or without gradient caching.

#include "likewise/methods/method.hpp"
#include "likewise/train/profile.hpp"

namespace likewise {

// Adds scale * d loss / d parameters of `player` to the gradients and returns the loss.
//
// chunk > 0 caches gradients (Gao et al., "Scaling deep contrastive learning batch size under
// memory limited setup", RepL4NLP 2021): embed the views chunk by chunk without a graph, take dL/dz
// of the whole batch, embed again and feed dL/dz back. Memory is that of one chunk, the gradient
// that of the whole batch; it costs a second forward pass. Batch normalisation sees chunks, as it
// would see smaller batches; its running statistics are updated once. Throws UserError when the
// method's loss is not a function of embeddings. `profile`, if given, learns what took how long.
double accumulate_gradient(Method& method, const Batch& batch, const Player& player, double scale,
                           int64_t chunk, Profile* profile = nullptr);

}  // namespace likewise
