#pragma once
// Keeps decoded samples in memory.

#include <cstdint>

#include "likewise/data/dataset.hpp"

namespace likewise {

// The same samples; each is decoded once and kept until `byte_limit` bytes of pixels are held
// (what is held then stays, the others are decoded each time: under shuffling, exchanging samples
// would not raise the hit rate). Samples returned are copies. Thread-safe. Worth it when decoding
// is slow and all or most of the data fit.
DatasetPtr decoded_cache(DatasetPtr source, int64_t byte_limit);

}  // namespace likewise
