#pragma once
// Which samples of a batch count as one class.

#include "likewise/data/loader.hpp"

namespace likewise {

// One label a sample, int64 [N]: those of the batch where they are known, and a label of its own for
// every other sample, whose only positives are then its own views. Without `use_labels` all samples
// are strangers. So half-labelled batches need no second loss.
Tensor sample_labels(const Batch& batch, bool use_labels);

}  // namespace likewise
