#pragma once
// How numbers are written on the page.

#include <string>
#include <vector>

#include "report/json_read.hpp"

namespace likewise::report {

enum class Unit { kNumber, kShare };  // a share of 1 is shown as a percentage

// Four significant digits, thousands as "12.5k" where compact: axis labels and readouts.
std::string show_number(double value);
std::string show_tick(double value, double step, Unit unit);
std::string show_value(double value, Unit unit);  // "87.1%" or "4.812"; "–" for NaN

// {"mean", "half_width", "n"}, or a plain number.
struct Score {
  double mean = kNan, half_width = kNan, n = kNan;
};
Score read_score(const Json& value);
// "87.1 ± 0.3", in per cent without the sign; "–" when there is none.
std::string show_score(const Score& score);

// Round numbers that cover [low, high], about `count` of them.
std::vector<double> nice_ticks(double low, double high, int count);

// How a features name is coloured everywhere: Likewise 0, raw pixels 1, untrained encoder 2.
int feature_colour(const std::string& name, size_t position);

}  // namespace likewise::report
