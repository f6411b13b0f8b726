#pragma once
// Line charts as inline SVG. They are complete without script; the script adds readouts.

#include <string>
#include <vector>

#include "report/numbers.hpp"
#include "report/run_data.hpp"

namespace likewise::report {

struct ChartPoint {
  double x = 0, y = 0;
  double low = kNan, high = kNan;  // band or whisker
};

struct ChartLine {
  std::string name;
  int colour = 0;  // 0..7, variable --cN of the page
  std::vector<ChartPoint> points;
};

struct Chart {
  std::string title;
  std::string note;    // one sentence below the title
  std::string x_name;  // "step"
  Unit unit = Unit::kNumber;
  std::vector<ChartLine> lines;
  std::vector<std::string> x_labels;  // for x = 0, 1, ...: an ordinal axis with whiskers and dots
  double width = 400;                 // in units of the drawing, whose height is fixed
  double x_max = kNan;                // the right end; NaN: that of the points
  bool from_zero = false;
  std::string group = {};  // charts of one group share the crosshair
};

// At most `buckets` points: the mean of equally many neighbours, with their minimum and maximum.
std::vector<ChartPoint> thin_out(const Series& series, size_t buckets = 200);

// A <figure>, or "" when no line has a point.
std::string line_chart(const Chart& chart);

// Charts side by side, as many as fit; "" when all are empty.
std::string chart_grid(const std::vector<Chart>& charts);

}  // namespace likewise::report
