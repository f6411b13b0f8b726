#pragma once
// Images that are held in memory.

#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"

namespace likewise {

// Samples are the rows of `images`, uint8 [N, C, H, W] with C = 1 or 3. `labels` and `domains` are
// empty or have N entries, each -1 or a position in info.class_names / info.domain_names; when
// those names are missing, they become "0", "1", .... Names are "ITEM[i]". The tensor is shared,
// samples are copies. Throws DataError (naming info.name) when sizes or labels do not fit.
DatasetPtr memory_dataset(const Tensor& images, std::vector<int64_t> labels = {},
                          std::vector<int64_t> domains = {}, DatasetInfo info = {},
                          const std::string& item = "image");

}  // namespace likewise
