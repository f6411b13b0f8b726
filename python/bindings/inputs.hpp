#pragma once
// How sounds, series and arrays become an encoder's input, as Python holds it.

#include "core.hpp"
#include "data.hpp"
#include "likewise/views/input.hpp"

namespace likewise::python {

struct InputSet {
  InputSpec spec;  // resolved; not of images
  std::vector<View> train, evaluate;

  explicit InputSet(InputSpec resolved, const DatasetPtr& data = nullptr)
      : spec(std::move(resolved)), train(train_views(spec, data)), evaluate({eval_view(spec)}) {}
};

// Float [C, T] or of whatever shape samples of the modality have; a wave or a series may lack its
// channels, [T]. Throws UserError.
Tensor sample_of(const Tensor& x, Modality modality);

}  // namespace likewise::python
