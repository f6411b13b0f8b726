// The confusion matrix as a heat map, the worst confusions in words, recall by class.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

namespace {

constexpr size_t kMostClassesDrawn = 200;

struct Confusion {
  std::vector<std::string> names;
  std::vector<std::vector<double>> counts;  // [true][predicted]
  std::vector<double> totals;
};

Confusion read_confusion(const Json& evaluation) {
  const Json& source = child(evaluation, "confusion");
  Confusion out;
  out.names = texts(list(source, "classes"));
  if (out.names.empty()) out.names = texts(list(evaluation, "classes"));
  for (const Json& row : list(source, "counts")) {
    std::vector<double> counts;
    double total = 0;
    if (row.is_array()) {
      for (const Json& value : row) {
        const double count = as_number(value);
        counts.push_back(std::isfinite(count) && count > 0 ? count : 0);
        total += counts.back();
      }
    }
    out.counts.push_back(std::move(counts));
    out.totals.push_back(total);
  }
  for (auto& row : out.counts) row.resize(out.counts.size());
  for (size_t c = out.names.size(); c < out.counts.size(); ++c) {
    out.names.push_back(fmt::format("class {}", c));
  }
  return out;
}

std::string heat_map(const Confusion& confusion) {
  const size_t k = confusion.counts.size();
  if (k == 0 || k > kMostClassesDrawn) return "";
  const int side = k <= 12 ? 40 : k <= 30 ? 26 : 13;
  const int font = k <= 30 ? 12 : 10;
  constexpr size_t kMostCharacters = 16;
  size_t longest = 0;
  for (const std::string& name : confusion.names) longest = std::max(longest, name.size());
  const int margin = 14 + static_cast<int>(std::min(longest, kMostCharacters)) * font * 62 / 100;
  const int extent = side * static_cast<int>(k);
  std::string svg = fmt::format(
      "<svg class=\"heat\" width=\"{0}\" height=\"{0}\" viewBox=\"0 0 {0} {0}\" "
      "data-margin=\"{1}\" data-side=\"{2}\"><rect class=\"ground\" x=\"{1}\" y=\"{1}\" "
      "width=\"{3}\" height=\"{3}\"/>",
      margin + extent + 1, margin, side, extent);
  for (size_t i = 0; i < k; ++i) {
    const int at = margin + static_cast<int>(i) * side;
    const std::string name = html_escape(shorten(confusion.names[i], kMostCharacters));
    const int middle = at + side / 2 + font / 3;
    svg += fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"{}\">{}</text>"
        "<text transform=\"translate({},{})rotate(-90)\" font-size=\"{}\">{}</text>",
        margin - 7, middle, font, name, middle, margin - 7, font, name);
    for (size_t j = 0; j < k; ++j) {
      const double count = confusion.counts[i][j];
      if (count == 0 || confusion.totals[i] == 0) continue;
      const double share = count / confusion.totals[i];
      const int x = margin + static_cast<int>(j) * side;
      // A root makes rare confusions visible; hits and errors have colours of their own.
      svg += fmt::format(
          "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" "
          "fill-opacity=\"{:.2f}\"/>",
          i == j ? "hit" : "miss", x, at, side - 1, side - 1, i == j ? share : std::sqrt(share));
      if (k <= 12) {
        svg += fmt::format(
            "<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\" "
            "font-size=\"11\">{}</text>",
            (i == j ? share : std::sqrt(share)) > 0.55 ? "on" : "off", x + side / 2 - 1,
            at + side / 2 + 4, std::llround(count));
      }
    }
  }
  Json data = {{"classes", confusion.names}, {"counts", Json::array()}};
  for (const auto& row : confusion.counts) {
    Json counts = Json::array();
    for (double count : row) counts.push_back(std::llround(count));
    data["counts"].push_back(std::move(counts));
  }
  return "<figure class=\"confusion\"><figcaption><b>Confusion matrix</b><small>Rows are the true "
         "classes, columns the predicted ones; shades are shares of a row</small></figcaption>"
         "<div class=\"scroll\">" +
         svg +
         "</svg></div><output class=\"cell\">&nbsp;</output>"
         "<script type=\"application/json\">" +
         script_json(data) + "</script></figure>\n";
}

std::string worst_confusions(const Confusion& confusion) {
  std::vector<std::tuple<double, size_t, size_t>> all;
  for (size_t i = 0; i < confusion.counts.size(); ++i) {
    for (size_t j = 0; j < confusion.counts.size(); ++j) {
      if (i != j && confusion.counts[i][j] > 0) {
        all.emplace_back(confusion.counts[i][j] / confusion.totals[i], i, j);
      }
    }
  }
  if (all.empty()) return "";
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::get<0>(a) != std::get<0>(b) ? std::get<0>(a) > std::get<0>(b) : a < b;
  });
  all.resize(std::min<size_t>(all.size(), 8));
  std::string items;
  for (const auto& [share, i, j] : all) {
    items += fmt::format("<li><b>{}</b> taken for <b>{}</b><span>{} of {}, {:.1f}%</span></li>",
                         html_escape(confusion.names[i]), html_escape(confusion.names[j]),
                         format_count(std::llround(confusion.counts[i][j])),
                         format_count(std::llround(confusion.totals[i])), 100 * share);
  }
  return "<div><h3>Most frequent confusions</h3><ol class=\"worst\">" + items + "</ol></div>\n";
}

std::string recall_bars(const std::vector<std::string>& names, const std::vector<double>& recall) {
  std::vector<size_t> order;
  for (size_t c = 0; c < recall.size(); ++c) {
    if (std::isfinite(recall[c])) order.push_back(c);
  }
  if (order.empty()) return "";
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return recall[a] < recall[b]; });
  const size_t total = order.size();
  if (total > 24) order.resize(20);
  std::string bars;
  for (size_t c : order) {
    const double value = std::clamp(recall[c], 0.0, 1.0);
    bars += fmt::format(
        "<li><span>{}</span><i><b style=\"width:{:.1f}%\"></b></i><span>{:.1f}</span></li>",
        html_escape(c < names.size() ? names[c] : fmt::format("class {}", c)), 100 * value,
        100 * recall[c]);
  }
  return fmt::format("<div><h3>Recall by class, per cent{}</h3><ol class=\"bars\">{}</ol></div>\n",
                     order.size() < total ? fmt::format(": the lowest 20 of {}", total) : "", bars);
}

}  // namespace

std::string classes_section(const RunData& run) {
  const Confusion confusion = read_confusion(run.evaluation);
  std::vector<double> recall;
  for (const Json& value : list(run.evaluation, "recall")) recall.push_back(as_number(value));
  if (recall.empty()) {
    for (size_t c = 0; c < confusion.counts.size(); ++c) {
      recall.push_back(confusion.totals[c] > 0 ? confusion.counts[c][c] / confusion.totals[c]
                                               : kNan);
    }
  }
  const std::string words = worst_confusions(confusion) + recall_bars(confusion.names, recall);
  const std::string map = heat_map(confusion);
  if (map.empty() && words.empty()) return "";
  return "<div class=\"classes\">" + map + "<div class=\"words\">" + words + "</div></div>\n";
}

}  // namespace likewise::report
