// Protocols with all their measures, few labels, episodes.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

namespace {

std::string cell(double value, bool share) {
  if (!std::isfinite(value)) return "<td class=\"num\">–</td>";
  return fmt::format("<td class=\"num\">{}</td>",
                     share ? fmt::format("{:.1f}", 100 * value) : fmt::format("{:.3f}", value));
}

std::string feature_key(const std::string& name, size_t position) {
  return fmt::format("<span class=\"key\" style=\"--c:var(--c{})\"><i></i>{}</span>",
                     feature_colour(name, position), html_escape(name));
}

std::string protocol_table(const Json& evaluation) {
  std::string body;
  for (const Json& protocol : list(evaluation, "protocols")) {
    const Json& rows = list(protocol, "rows");
    if (rows.empty()) continue;
    const std::string title = text(protocol, "title");
    body += fmt::format("<tr class=\"head\"><th colspan=\"6\">{}</th></tr>",
                        html_escape(title.empty() ? text(protocol, "name") : title));
    for (size_t i = 0; i < rows.size(); ++i) {
      const Score balanced = read_score(child(rows[i], "balanced"));
      body +=
          fmt::format("<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td>{}{}{}{}</tr>\n",
                      feature_key(text(rows[i], "features"), i),
                      show_score(read_score(child(rows[i], "accuracy"))), cell(balanced.mean, true),
                      cell(number(rows[i], "nll"), false), cell(number(rows[i], "ece"), true),
                      cell(number(rows[i], "auroc"), false));
    }
  }
  if (body.empty()) return "";
  return "<div class=\"scroll\"><table class=\"plain\"><thead><tr><th>Features</th>"
         "<th class=\"num\">Accuracy %</th>"
         "<th class=\"num\" title=\"mean of the classes' recalls\">Balanced %</th>"
         "<th class=\"num\" title=\"mean negative log-likelihood of the true class\">NLL</th>"
         "<th class=\"num\" title=\"expected calibration error\">ECE %</th>"
         "<th class=\"num\" title=\"area under the ROC curve\">AUROC</th></tr></thead><tbody>\n" +
         body + "</tbody></table></div>\n";
}

std::string episodes_table(const Json& evaluation) {
  std::vector<std::string> features;
  std::vector<std::pair<std::string, std::vector<std::pair<std::string, Score>>>> rows;
  for (const Json& episode : list(evaluation, "episodes")) {
    const std::string shot = text(episode, "shot");
    const std::string norm = text(episode, "norm");
    const std::string kind =
        fmt::format("{} classes, {} {} each{}", text(episode, "way"), shot,
                    shot == "1" ? "label" : "labels", norm.empty() ? "" : ", batch norm " + norm);
    const std::string name = text(episode, "features");
    if (std::find(features.begin(), features.end(), name) == features.end()) {
      features.push_back(name);
    }
    auto row =
        std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.first == kind; });
    if (row == rows.end()) row = rows.insert(rows.end(), {kind, {}});
    row->second.emplace_back(name, read_score(child(episode, "accuracy")));
  }
  if (rows.empty()) return "";
  std::string head, body;
  for (size_t i = 0; i < features.size(); ++i) {
    head += "<th class=\"num\">" + feature_key(features[i], i) + "</th>";
  }
  for (const auto& [kind, scores] : rows) {
    body += "<tr><th scope=\"row\">" + html_escape(kind) + "</th>";
    for (const std::string& name : features) {
      Score score;
      for (const auto& [key, value] : scores) score = key == name ? value : score;
      body += "<td class=\"num\">" + show_score(score) + "</td>";
    }
    body += "</tr>\n";
  }
  return "<h3>Episodes</h3><p>Each episode draws classes and labels anew; mean accuracy in per "
         "cent "
         "and 95% interval over episodes.</p><div class=\"scroll\"><table class=\"plain\"><thead>"
         "<tr><th>Episode</th>" +
         head + "</tr></thead><tbody>\n" + body + "</tbody></table></div>\n";
}

std::string few_label_table(const Json& few) {
  const Json& rows = list(few, "rows");
  std::string head = "<th>Labels per class</th>", body;
  for (size_t r = 0; r < rows.size(); ++r) {
    head += "<th class=\"num\">" + feature_key(text(rows[r], "features"), r) + "</th>";
  }
  const std::vector<std::string> labels = texts(list(few, "labels"));
  for (size_t i = 0; i < labels.size(); ++i) {
    body += "<tr><th scope=\"row\">" + html_escape(labels[i]) + "</th>";
    for (size_t r = 0; r < rows.size(); ++r) {
      const Json& values = list(rows[r], "values");
      body += fmt::format("<td class=\"num{}\">{}</td>", r == 0 ? " lead" : "",
                          show_score(i < values.size() ? read_score(values[i]) : Score{}));
    }
    body += "</tr>\n";
  }
  return "<div class=\"scroll\"><table class=\"plain\"><thead><tr>" + head +
         "</tr></thead><tbody>\n" + body + "</tbody></table></div>";
}

std::string few_label_chart(const Json& few) {
  Chart chart;
  chart.title = "Accuracy from few labels";
  chart.note = "Mean and 95% interval over draws of the labelled images";
  chart.x_name = "labels per class";
  chart.unit = Unit::kShare;
  chart.width = 440;
  chart.x_labels = texts(list(few, "labels"));
  const Json& rows = list(few, "rows");
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = text(rows[r], "features");
    ChartLine line{name, feature_colour(name, r), {}};
    const Json& values = list(rows[r], "values");
    for (size_t i = 0; i < values.size() && i < chart.x_labels.size(); ++i) {
      const Score s = read_score(values[i]);
      if (!std::isfinite(s.mean)) continue;
      line.points.push_back(
          {static_cast<double>(i), s.mean, s.mean - s.half_width, s.mean + s.half_width});
    }
    chart.lines.push_back(std::move(line));
  }
  const std::string figure = line_chart(chart);
  return figure.empty() ? ""
                        : "<div class=\"feature\">" + figure + few_label_table(few) + "</div>\n";
}

// Accuracy against severity, and the table of corruptions.
std::string corruptions_figure(const Json& table) {
  const Json& rows = list(table, "rows");
  const std::vector<std::string> names = texts(list(table, "names"));
  if (rows.empty() || names.empty()) return "";
  Chart chart;
  chart.title = "Accuracy under corruption";
  chart.note = "Linear probe trained on clean samples; mean over the corruptions";
  chart.x_name = "severity";
  chart.unit = Unit::kShare;
  chart.width = 440;
  chart.x_labels = {"clean"};
  for (const std::string& severity : texts(list(table, "severities"))) {
    chart.x_labels.push_back(severity);
  }
  std::string head = "<th>Mean over severities, %</th>", body;
  for (size_t r = 0; r < rows.size(); ++r) {
    const std::string name = text(rows[r], "features");
    head += "<th class=\"num\">" + feature_key(name, r) + "</th>";
    ChartLine line{name, feature_colour(name, r), {}};
    double x = 0;
    if (std::isfinite(number(rows[r], "clean")))
      line.points.push_back({0, number(rows[r], "clean")});
    for (const Json& value : list(rows[r], "by_severity")) {
      const double y = as_number(value);
      if (++x < static_cast<double>(chart.x_labels.size()) && std::isfinite(y)) {
        line.points.push_back({x, y});
      }
    }
    chart.lines.push_back(std::move(line));
  }
  const auto add_row = [&](const std::string& name, const auto& value) {
    body += "<tr><th scope=\"row\">" + html_escape(name) + "</th>";
    for (size_t r = 0; r < rows.size(); ++r) body += cell(value(rows[r]), true);
    body += "</tr>\n";
  };
  add_row("clean", [](const Json& row) { return number(row, "clean"); });
  for (size_t i = 0; i < names.size(); ++i) {
    add_row(names[i], [&](const Json& row) {
      const Json& all = list(row, "accuracy");
      double sum = 0, count = 0;
      if (i < all.size() && all[i].is_array()) {
        for (const Json& value : all[i]) {
          sum += as_number(value);
          ++count;
        }
      }
      return count > 0 ? sum / count : kNan;
    });
  }
  add_row("mean", [](const Json& row) { return number(row, "mean"); });
  return "<h3>Corruptions</h3><div class=\"feature\">" + line_chart(chart) +
         "<div class=\"scroll\"><table class=\"plain\"><thead><tr>" + head +
         "</tr></thead><tbody>\n" + body + "</tbody></table></div></div>\n";
}

}  // namespace

Score Headline::of(const std::string& features) const {
  for (const auto& [name, score] : scores) {
    if (name == features) return score;
  }
  return {};
}

std::vector<Headline> headlines(const Json& evaluation) {
  std::vector<Headline> out;
  for (const Json& protocol : list(evaluation, "protocols")) {
    const std::string title = text(protocol, "title");
    Headline headline{title.empty() ? text(protocol, "name") : title, {}};
    for (const Json& row : list(protocol, "rows")) {
      headline.scores.emplace_back(text(row, "features"), read_score(child(row, "accuracy")));
    }
    if (!headline.scores.empty()) out.push_back(std::move(headline));
  }
  return out;
}

std::vector<std::string> feature_names(const std::vector<Headline>& all) {
  std::vector<std::string> names;
  for (const Headline& headline : all) {
    for (const auto& entry : headline.scores) {
      if (std::find(names.begin(), names.end(), entry.first) == names.end()) {
        names.push_back(entry.first);
      }
    }
  }
  return names;
}

std::string results_section(const RunData& run) {
  return few_label_chart(child(run.evaluation, "few_label")) + protocol_table(run.evaluation) +
         episodes_table(run.evaluation) + corruptions_figure(child(run.evaluation, "corruptions"));
}

}  // namespace likewise::report
