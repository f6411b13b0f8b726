#pragma once
// The gradient of one batch, with or without gradient caching.

#include <functional>

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

// Rows [first, first + count) of view `view`, with whatever graph they have.
using ViewRows = std::function<Tensor(size_t view, int64_t first, int64_t count)>;

// The cached gradient where views have a graph of their own: `batch` holds them without it, `rows`
// makes the same values again with it, a chunk at a time.
double cached_gradient(Method& method, const Batch& batch, double scale, int64_t chunk,
                       const ViewRows& rows, Profile* profile = nullptr);

}  // namespace likewise
