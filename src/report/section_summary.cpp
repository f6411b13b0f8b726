// The head of the page: what was trained, whether it is healthy, what it is worth.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

namespace {

std::string count_text(const std::string& digits) {
  const bool whole = !digits.empty() && digits.size() < 16 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  return whole ? format_count(std::stoll(digits)) : digits;
}

std::string run_data_name(const RunData& run) {
  std::string name = run.fact("data", {"data", "data.name", "data.path", "data.source"});
  return name.empty() ? text(run.evaluation, "data") : name;
}

// "images", "recordings", ...
std::string run_items(const RunData& run) {
  const std::string items = run.fact("items", {"items"});
  return items.empty() ? "images" : items;
}

std::string run_images(const RunData& run) {
  return count_text(run.fact("images", {"data.images", "data.count", "data.size", "images"}));
}

double run_seconds(const RunData& run) {
  const double stated = number(run.summary, "seconds");
  return std::isfinite(stated) ? stated : run.seconds;
}

std::string facts_list(const RunData& run) {
  std::string out;
  const auto fact = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, html_escape(value));
    }
  };
  fact("Data", run_data_name(run));
  std::string items = run_items(run);
  items[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(items[0])));
  fact(html_escape(items).c_str(), run_images(run));
  fact("Method", run.fact("method", {"method", "method.name"}));
  fact("Encoder", run.fact("encoder", {"encoder", "encoder.name", "encoder.kind"}));
  std::string budget;
  if (std::isfinite(reached_epochs(run))) budget = show_number(reached_epochs(run)) + " epochs";
  if (std::isfinite(run.steps)) {
    budget += (budget.empty() ? "" : ", ") + format_count(std::llround(run.steps)) + " steps";
  }
  fact("Budget", budget);
  if (std::isfinite(run_seconds(run))) fact("Time", format_duration(run_seconds(run)));
  Series rates = run.get("step.rate");
  if (!rates.empty()) {
    const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
    std::nth_element(rates.begin(), middle, rates.end(),
                     [](const Mark& a, const Mark& b) { return a.value < b.value; });
    fact("Speed", show_number(std::round(middle->value)) +
                      (run.get("step.episodes").empty() ? " views/s" : " episodes/s"));
  }
  fact("Tested on", text(run.evaluation, "test"));
  fact("Device", run.fact("device", {"device", "train.device"}));
  fact("Seed", run.fact("seed", {"seed", "train.seed"}));
  fact("Version", run.fact("version", {"version"}));
  return out.empty() ? "" : "<dl class=\"facts\">" + out + "</dl>\n";
}

std::string score_track(const Headline& headline, const std::vector<std::string>& features,
                        double chance) {
  std::string out = "<div class=\"track\">";
  if (std::isfinite(chance)) {
    out += fmt::format("<s style=\"left:{:.2f}%\" title=\"chance\"></s>", 100 * chance);
  }
  for (size_t i = features.size(); i-- > 0;) {
    const Score score = headline.of(features[i]);
    if (!std::isfinite(score.mean)) continue;
    const double mean = std::clamp(score.mean, 0.0, 1.0);
    const int colour = feature_colour(features[i], i);
    if (std::isfinite(score.half_width)) {
      const double low = std::clamp(mean - score.half_width, 0.0, 1.0);
      const double high = std::clamp(mean + score.half_width, 0.0, 1.0);
      out += fmt::format("<i style=\"--c:var(--c{});left:{:.2f}%;width:{:.2f}%\"></i>", colour,
                         100 * low, 100 * (high - low));
    }
    out += fmt::format("<b style=\"--c:var(--c{});left:{:.2f}%\" title=\"{} {}%\"></b>", colour,
                       100 * mean, html_escape(features[i]), show_score(score));
  }
  return out + "</div>";
}

std::string headline_table(const RunData& run) {
  const std::vector<Headline> rows = headlines(run.evaluation);
  if (rows.empty()) return "";
  const std::vector<std::string> features = feature_names(rows);
  size_t classes = list(run.evaluation, "classes").size();
  if (classes == 0) classes = list(child(run.evaluation, "confusion"), "classes").size();
  const double chance = classes > 1 ? 1.0 / static_cast<double>(classes) : kNan;
  std::string head, body;
  for (size_t i = 0; i < features.size(); ++i) {
    head += fmt::format(
        "<th class=\"num\"><span class=\"key\" style=\"--c:var(--c{})\"><i></i>{}</span></th>",
        feature_colour(features[i], i), html_escape(features[i]));
  }
  for (const Headline& row : rows) {
    body += fmt::format("<tr><th scope=\"row\">{}</th><td class=\"wide\">{}</td>",
                        html_escape(row.title), score_track(row, features, chance));
    for (size_t i = 0; i < features.size(); ++i) {
      body += fmt::format("<td class=\"num{}\" data-name=\"{}\" style=\"--c:var(--c{})\">{}</td>",
                          i == 0 ? " lead" : "", html_escape(features[i]),
                          feature_colour(features[i], i), show_score(row.of(features[i])));
    }
    body += "</tr>\n";
  }
  return fmt::format(
      "<table class=\"scores\"><caption>Accuracy in per cent on data never trained on, with 95% "
      "intervals{}</caption><thead><tr><th>Protocol</th><th class=\"wide\"><div class=\"scale\">"
      "<span style=\"--i:0\">0</span><span style=\"--i:1\">25</span><span style=\"--i:2\">50</span>"
      "<span style=\"--i:3\">75</span><span style=\"--i:4\">100</span></div></th>{}"
      "</tr></thead><tbody>\n{}</tbody></table>\n",
      std::isfinite(chance) ? fmt::format("; the thin mark is chance ({:.3g}%)", 100 * chance) : "",
      head, body);
}

}  // namespace

std::string opening_sentence(const RunData& run) {
  const std::string method = run.fact("method", {"method", "method.name"});
  const std::string encoder = run.fact("encoder", {"encoder", "encoder.name", "encoder.kind"});
  const std::string data = run_data_name(run), images = run_images(run);
  if (method.empty() && encoder.empty() && data.empty()) return "";
  std::string out = encoder.empty() ? "An encoder" : encoder;
  out += method.empty() ? " trained" : " trained with " + method;
  if (!images.empty()) out += " on " + images + " unlabelled " + run_items(run);
  if (!data.empty()) out += (images.empty() ? " on " : " of ") + data;
  std::string budget;
  if (std::isfinite(reached_epochs(run))) budget = show_number(reached_epochs(run)) + " epochs";
  if (std::isfinite(run_seconds(run))) {
    budget += (budget.empty() ? "" : " in ") + format_duration(run_seconds(run));
  }
  if (!budget.empty()) out += ": " + budget;
  return out + ".";
}

std::string summary_section(const RunData& run) {
  std::string out;
  if (!run.verdict.empty()) {
    out +=
        fmt::format("<p class=\"verdict\"><span>Health</span>{}</p>\n", html_escape(run.verdict));
  }
  std::string items;
  for (const std::string& warning : warnings(run)) items += "<li>" + html_escape(warning) + "</li>";
  if (!items.empty()) out += "<ul class=\"warnings\">" + items + "</ul>\n";
  return out + headline_table(run) + facts_list(run);
}

}  // namespace likewise::report
