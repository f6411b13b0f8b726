#pragma once
// From time-stamped rows to windows of equally spaced frames.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/formats/series_table.hpp"
#include "likewise/tensor.hpp"

namespace likewise::detail {

// A stretch without holes at one rate.
struct Stretch {
  Tensor x;                         // float [C, T]
  std::vector<std::string> labels;  // [T], or empty
  int64_t first_row = 0;            // of the recording it came from
};

// Frames a second of a table by the median step of its time stamps, to the nearest whole number
// from ten up; 0 without time stamps or with fewer than two.
double rate_of(const SeriesTable& table);

// Linear interpolation at t0, t0 + 1 / rate, ... (rate 0: rows as they are). Where the time stamps
// jump by more than a second and ten median steps, a new stretch begins. Missing values are
// interpolated along time; a label is that of the latest row. Throws DataError, with `name`, for a
// channel without any value.
std::vector<Stretch> stretches(const SeriesTable& table, double rate, const std::string& name);

// Recordings of the same by several devices: one stretch each, at the same moments, where all of
// them recorded. Throws DataError when there is no such time, or no time stamps.
std::vector<Stretch> aligned(const std::vector<SeriesTable>& tables, double rate,
                             const std::string& name);

// The label of most frames in [from, from + count); the earlier one of two that are as frequent. ""
// without labels.
std::string usual_label(const Stretch& stretch, int64_t from, int64_t count);

// Begins of windows of `length` frames, each sharing `overlap` of its length with the next.
std::vector<int64_t> window_starts(int64_t frames, int64_t length, double overlap);

}  // namespace likewise::detail
