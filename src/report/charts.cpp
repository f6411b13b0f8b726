#include "report/charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "likewise/base/text.hpp"

namespace likewise::report {

namespace {

// Drawn at about this size on the page, so that its letters have the page's size.
constexpr double kHeight = 212, kLeft = 46, kTop = 10, kBottom = 184;

struct Frame {
  double right, x0, x1, y0, y1;
  double px(double x) const { return kLeft + (x - x0) / (x1 - x0) * (right - kLeft); }
  double py(double y) const { return kBottom - (y - y0) / (y1 - y0) * (kBottom - kTop); }
};

Frame frame_of(const Chart& chart) {
  Frame f{chart.width - 10, 1e300, -1e300, 1e300, -1e300};
  std::vector<double> lows, highs;
  for (const ChartLine& line : chart.lines) {
    for (const ChartPoint& p : line.points) {
      f.x0 = std::min(f.x0, p.x);
      f.x1 = std::max(f.x1, p.x);
      f.y0 = std::min(f.y0, p.y);
      f.y1 = std::max(f.y1, p.y);
      lows.push_back(std::isfinite(p.low) ? p.low : p.y);
      highs.push_back(std::isfinite(p.high) ? p.high : p.y);
    }
  }
  // Whiskers count in full; bands may leave the frame (they are clipped), so that one spike does
  // not flatten the rest.
  std::sort(lows.begin(), lows.end());
  std::sort(highs.begin(), highs.end());
  const size_t spare = chart.x_labels.empty() ? lows.size() / 50 : 0;
  f.y0 = std::min(f.y0, lows[spare]);
  f.y1 = std::max(f.y1, highs[highs.size() - 1 - spare]);
  if (!chart.x_labels.empty()) {
    f.x0 = -0.3;
    f.x1 = static_cast<double>(chart.x_labels.size()) - 0.7;
  } else {
    f.x0 = std::min(f.x0, 0.0);
    if (std::isfinite(chart.x_max)) f.x1 = std::max(f.x1, chart.x_max);
  }
  if (f.x1 <= f.x0) f.x1 = f.x0 + 1;
  if (chart.from_zero) f.y0 = std::min(f.y0, 0.0);
  double span = f.y1 - f.y0;
  if (span <= 1e-9 * std::max(std::abs(f.y1), 1e-12)) {
    span = std::max(std::abs(f.y1) * 0.1, 1e-6);
    f.y0 -= chart.from_zero && f.y0 >= 0 ? 0 : span;
    f.y1 += span;
  } else {
    if (!(chart.from_zero && f.y0 == 0)) f.y0 -= 0.05 * span;
    f.y1 += 0.06 * span;
  }
  return f;
}

void draw_axes(std::string& svg, const Chart& chart, const Frame& f) {
  const std::vector<double> ys = nice_ticks(f.y0, f.y1, 4);
  const double y_step = ys.size() > 1 ? ys[1] - ys[0] : 1;
  for (double y : ys) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{:.0f} {:.1f}H{:.0f}\"/>"
        "<text class=\"tick\" x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
        kLeft, f.py(y), f.right, kLeft - 7, f.py(y) + 4, show_tick(y, y_step, chart.unit));
  }
  svg += fmt::format("<path class=\"axis\" d=\"M{:.0f} {:.0f}H{:.0f}\"/>", kLeft, kBottom, f.right);
  const auto label = [&](double x, const std::string& text) {
    svg += fmt::format(
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\">{}</text>", f.px(x),
        kBottom + 18, text);
  };
  if (!chart.x_labels.empty()) {
    for (size_t i = 0; i < chart.x_labels.size(); ++i) {
      label(static_cast<double>(i), html_escape(chart.x_labels[i]));
    }
    return;
  }
  const std::vector<double> xs = nice_ticks(f.x0, f.x1, 4);
  const double x_step = xs.size() > 1 ? xs[1] - xs[0] : 1;
  for (double x : xs) {
    if (f.px(x) < f.right - 6) label(x, show_tick(x, x_step, Unit::kNumber));
  }
}

void draw_line(std::string& svg, const ChartLine& line, const Frame& f, bool ordinal) {
  const std::string stroke = fmt::format("style=\"--c:var(--c{})\"", line.colour % 8);
  if (ordinal) {
    for (const ChartPoint& p : line.points) {
      if (!std::isfinite(p.low) || !std::isfinite(p.high)) continue;
      svg += fmt::format("<path class=\"whisker\" {} d=\"M{:.1f} {:.1f}V{:.1f}\"/>", stroke,
                         f.px(p.x), f.py(p.low), f.py(p.high));
    }
  } else if (std::any_of(line.points.begin(), line.points.end(),
                         [](const ChartPoint& p) { return p.low < p.high; })) {
    std::string band;
    for (const ChartPoint& p : line.points) {
      band += fmt::format("{}{:.1f} {:.1f}", band.empty() ? "M" : "L", f.px(p.x), f.py(p.high));
    }
    for (auto p = line.points.rbegin(); p != line.points.rend(); ++p) {
      band += fmt::format("L{:.1f} {:.1f}", f.px(p->x), f.py(p->low));
    }
    svg += fmt::format("<path class=\"band\" {} d=\"{}Z\"/>", stroke, band);
  }
  std::string path;
  for (const ChartPoint& p : line.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", f.px(p.x), f.py(p.y));
  }
  svg += fmt::format("<path class=\"line\" {} d=\"{}\"/>", stroke, path);
  if (ordinal || line.points.size() <= 12) {
    for (const ChartPoint& p : line.points) {
      svg += fmt::format("<circle class=\"dot\" {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"/>", stroke,
                         f.px(p.x), f.py(p.y), ordinal ? 4 : 2.5);
    }
  }
}

double four_digits(double v) {
  return std::isfinite(v) ? std::strtod(fmt::format("{:.5g}", v).c_str(), nullptr) : v;
}

// What the script needs to answer a pointer: geometry, values, labels.
Json readout_data(const Chart& chart, const Frame& f) {
  Json data = {{"group", chart.group},
               {"x", chart.x_name},
               {"share", chart.unit == Unit::kShare},
               {"frame", {f.x0, f.x1, f.y0, f.y1}},
               {"plot", {kLeft, f.right, kTop, kBottom}},
               {"labels", chart.x_labels},
               {"lines", Json::array()}};
  for (const ChartLine& line : chart.lines) {
    Json points = Json::array();
    for (const ChartPoint& p : line.points) {
      Json point = {four_digits(p.x), four_digits(p.y)};
      if (p.low < p.high) {
        point.push_back(four_digits(p.low));
        point.push_back(four_digits(p.high));
      }
      points.push_back(std::move(point));
    }
    data["lines"].push_back(std::move(points));
  }
  return data;
}

}  // namespace

std::vector<ChartPoint> thin_out(const Series& series, size_t buckets) {
  const size_t n = series.size();
  const size_t count = std::min(n, std::max<size_t>(1, buckets));
  std::vector<ChartPoint> points;
  for (size_t b = 0; b < count; ++b) {
    const size_t begin = b * n / count, end = (b + 1) * n / count;
    ChartPoint point{series[end - 1].x, 0, series[begin].value, series[begin].value};
    for (size_t i = begin; i < end; ++i) {
      point.y += series[i].value / static_cast<double>(end - begin);
      point.low = std::min(point.low, series[i].value);
      point.high = std::max(point.high, series[i].value);
    }
    points.push_back(point);
  }
  return points;
}

std::string line_chart(const Chart& whole) {
  Chart chart = whole;
  std::erase_if(chart.lines, [](const ChartLine& line) { return line.points.empty(); });
  if (chart.lines.empty()) return "";
  const Frame f = frame_of(chart);
  std::string keys;
  for (const ChartLine& line : chart.lines) {
    keys += fmt::format(
        "<span class=\"key\" style=\"--c:var(--c{})\"><i{}></i>{}<output>{}</output></span>",
        line.colour % 8, chart.lines.size() == 1 && line.name.empty() ? " class=\"only\"" : "",
        html_escape(line.name), show_value(line.points.back().y, chart.unit));
  }
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\" tabindex=\"0\">",
      chart.width, kHeight, html_escape(chart.title));
  draw_axes(svg, chart, f);
  // The frame clips by an inner <svg>, which needs no page-wide identifier as a clipPath would.
  svg += fmt::format(
      "<svg x=\"0\" y=\"{0:.0f}\" width=\"{1:.0f}\" height=\"{2:.0f}\" viewBox=\"0 {0:.0f} {1:.0f} "
      "{2:.0f}\">",
      kTop - 6, chart.width, kBottom - kTop + 8);
  // The first line is the subject: it is drawn last, above the others.
  for (auto line = chart.lines.rbegin(); line != chart.lines.rend(); ++line) {
    draw_line(svg, *line, f, !chart.x_labels.empty());
  }
  svg += "</svg><g class=\"cursor\"></g></svg>";
  return fmt::format(
      "<figure class=\"chart\"><figcaption><b>{}</b>{}<span class=\"keys\">{}</span></figcaption>"
      "{}<span class=\"where\" data-at=\"{}\">{}</span>"
      "<script type=\"application/json\">{}</script></figure>\n",
      html_escape(chart.title),
      chart.note.empty() ? "" : "<small>" + html_escape(chart.note) + "</small>", keys, svg,
      html_escape(chart.x_name), html_escape(chart.x_name), script_json(readout_data(chart, f)));
}

std::string chart_grid(const std::vector<Chart>& charts) {
  std::string inner;
  for (const Chart& chart : charts) inner += line_chart(chart);
  return inner.empty() ? "" : "<div class=\"charts\">\n" + inner + "</div>\n";
}

}  // namespace likewise::report
