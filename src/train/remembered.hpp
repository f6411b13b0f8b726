#pragma once
// What a start of the program measures, kept in the cache folder for the next one.

#include <cstdint>

#include "likewise/data/dataset.hpp"
#include "likewise/nn/precision.hpp"
#include "likewise/views/image_stats.hpp"

namespace likewise::detail {

// Whether other work had more than half of the processors in the last minute: a trial then says
// little.
bool machine_is_busy();

// The faster precision (choose_precision). An earlier trial counts if processor, version, libtorch,
// kernels and number of threads are the same; its reason says so. With `anew` the trial is made in
// any case. A trial made now is kept for later if `keep`.
PrecisionChoice remembered_precision(bool anew = false, bool keep = !machine_is_busy());

// Statistics of up to `count` evenly spaced images. Those of an earlier start count if the files
// looked at are the same by identity, size and time of change; data sets that are no files
// (data/stamped.hpp) are measured at every start.
ImageStats remembered_stats(const Dataset& data, int64_t count);

}  // namespace likewise::detail
