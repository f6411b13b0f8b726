#pragma once
// Every image in four turns, each turn of a class a class of its own.

#include "likewise/data/dataset.hpp"

namespace likewise {

// Sample i + t n of the result is sample i turned by t quarters, counter-clockwise; its label is that
// of i plus t times the number of classes (unlabelled samples stay so). The custom of few-shot
// learning on Omniglot, which makes 4,800 classes of 1,200.
DatasetPtr with_quarter_turns(DatasetPtr dataset);

}  // namespace likewise
