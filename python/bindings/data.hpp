#pragma once
// A data set as Python holds it.

#include "core.hpp"
#include "likewise/data/dataset.hpp"

namespace likewise::python {

struct DataSet {
  DatasetPtr data;
};

}  // namespace likewise::python
