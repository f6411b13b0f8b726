// Few-shot runs: accuracy against shots and ways, episodes in pictures, what was confused.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

namespace {

// Accuracy of the run's own method against `x` ("shot" or "way"), a line for each value of `other`
// and batch-norm mode.
Chart accuracy_chart(const Json& evaluation, const char* x, const char* other, const char* x_name,
                     const char* line_name) {
  std::vector<double> places;
  std::map<std::string, std::map<double, Score>> lines;
  for (const Json& row : list(evaluation, "episodes")) {
    if (text(row, "features") != "Likewise" || text(row, "norm").empty()) continue;
    const double at = number(row, x);
    const Score score = read_score(child(row, "accuracy"));
    if (!std::isfinite(at) || !std::isfinite(score.mean)) continue;
    if (std::find(places.begin(), places.end(), at) == places.end()) places.push_back(at);
    lines[fmt::format("{} {}, {}", text(row, other), line_name, text(row, "norm"))][at] = score;
  }
  Chart chart;
  if (places.size() < 2) return chart;
  std::sort(places.begin(), places.end());
  chart.title = fmt::format("Accuracy against {}", x_name);
  chart.note = "Mean and 95% interval over test episodes";
  chart.x_name = x_name;
  chart.unit = Unit::kShare;
  for (double place : places) chart.x_labels.push_back(show_number(place));
  int colour = 0;
  for (const auto& [name, points] : lines) {
    ChartLine line{name, colour++, {}};
    for (size_t i = 0; i < places.size(); ++i) {
      const auto found = points.find(places[i]);
      if (found == points.end()) continue;
      const Score& s = found->second;
      line.points.push_back(
          {static_cast<double>(i), s.mean, s.mean - s.half_width, s.mean + s.half_width});
    }
    chart.lines.push_back(std::move(line));
  }
  return chart;
}

std::string figure_of(const char* kind, const std::string& image, const std::string& caption) {
  return fmt::format("<figure class=\"{}\">{}<figcaption>{}</figcaption></figure>", kind,
                     picture(image, caption), html_escape(caption));
}

std::string episode_strips(const Json& episodes) {
  std::string out;
  int count = 0;
  for (const Json& episode : list(episodes, "episodes")) {
    std::string rows;
    for (const Json& way : list(episode, "rows")) {
      const std::string name = text(way, "name");
      std::string support, queries;
      for (const std::string& image : texts(list(way, "support"))) support += picture(image, name);
      for (const Json& query : list(way, "queries")) {
        const bool right = child(query, "right") == true;
        queries += figure_of(right ? "same" : "other", text(query, "image"),
                             right ? "" : text(query, "said"));
      }
      if (queries.empty()) continue;
      rows += fmt::format(
          "<div class=\"strip\"><figure class=\"query\">{}<figcaption>{}</figcaption></figure>"
          "<div>{}</div></div>\n",
          support, html_escape(name), queries);
    }
    if (rows.empty()) continue;
    out += fmt::format("<h3>Episode {}</h3>\n<div class=\"strips\">{}</div>\n", ++count, rows);
  }
  if (out.empty()) return "";
  return "<p>Each row is a class of the episode: its labelled images on the left, then its "
         "queries. "
         "A query that was given to another class is underlined and says which.</p>\n" +
         out;
}

std::string confusion_strips(const Json& episodes) {
  std::string rows;
  for (const Json& pair : list(episodes, "confusions")) {
    const std::string is = text(pair, "is"), said = text(pair, "said");
    if (is.empty() || said.empty()) continue;
    rows += fmt::format("<div class=\"strip\">{}<div>{}<p>{} times</p></div></div>\n",
                        figure_of("query", text(pair, "is_image"), is),
                        figure_of("other", text(pair, "said_image"), said), text(pair, "times"));
  }
  if (rows.empty()) return "";
  return fmt::format(
      "<h3>What is confused most</h3><p>On the left the class, beside it what was said instead, in "
      "{} "
      "episodes.</p>\n<div class=\"strips\">{}</div>\n",
      text(episodes, "counted"), rows);
}

}  // namespace

std::string fewshot_section(const RunData& run) {
  return chart_grid({accuracy_chart(run.evaluation, "shot", "way", "shots", "classes"),
                     accuracy_chart(run.evaluation, "way", "shot", "classes", "labels each")}) +
         episode_strips(run.episodes) + confusion_strips(run.episodes);
}

}  // namespace likewise::report
