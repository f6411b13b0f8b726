// Several runs on one page.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/report/report.hpp"
#include "report/page.hpp"
#include "report/sections.hpp"

namespace likewise {

namespace report {

namespace {

struct Column {
  std::string title;
  std::vector<Score> scores;  // one a run
};

std::vector<Column> score_columns(const std::vector<RunData>& runs) {
  std::vector<Column> columns;
  const auto column = [&](const std::string& title) -> Column& {
    for (Column& c : columns) {
      if (c.title == title) return c;
    }
    columns.push_back({title, std::vector<Score>(runs.size())});
    return columns.back();
  };
  for (size_t r = 0; r < runs.size(); ++r) {
    for (const Headline& headline : headlines(runs[r].evaluation)) {
      column(headline.title).scores[r] = headline.of("Likewise");
    }
  }
  for (size_t r = 0; r < runs.size(); ++r) {
    const Series& knn = runs[r].get("knn.accuracy");
    if (!knn.empty()) column("kNN while training, last").scores[r].mean = knn.back().value;
  }
  return columns;
}

// Grey and the first colours stand for baselines elsewhere; for runs, strong colours come first.
int run_colour(size_t r) {
  constexpr int kOrder[] = {0, 2, 3, 4, 5, 6, 7, 1};
  return kOrder[r % 8];
}

std::string run_key(const std::vector<RunData>& runs, size_t r) {
  return fmt::format("<span class=\"key\" style=\"--c:var(--c{})\"><i></i>{}</span>", run_colour(r),
                     html_escape(runs[r].name));
}

std::string comparison_table(const std::vector<RunData>& runs) {
  const std::vector<Column> columns = score_columns(runs);
  std::string head =
      "<th>Run</th><th>Method</th><th>Encoder</th><th class=\"num\">Epochs</th>"
      "<th class=\"num\">Time</th>";
  for (const Column& c : columns) head += "<th class=\"num\">" + html_escape(c.title) + "</th>";
  head += "<th class=\"num\">Effective rank</th>";
  std::string body;
  for (size_t r = 0; r < runs.size(); ++r) {
    const RunData& run = runs[r];
    const Series& rank = run.get("health.rank");
    body += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td>",
        run_key(runs, r), html_escape(run.fact("method", {"method", "method.name"})),
        html_escape(run.fact("encoder", {"encoder", "encoder.name", "encoder.kind"})),
        show_number(reached_epochs(run)),
        std::isfinite(run.seconds) ? format_duration(run.seconds) : "–");
    for (const Column& c : columns) {
      double best = -1;
      for (const Score& s : c.scores) best = std::fmax(best, s.mean);
      body += fmt::format("<td class=\"num{}\">{}</td>",
                          runs.size() > 1 && c.scores[r].mean == best ? " best" : "",
                          show_score(c.scores[r]));
    }
    body += fmt::format("<td class=\"num\">{}</td></tr>\n",
                        show_number(rank.empty() ? kNan : rank.back().value));
  }
  return "<p>Accuracies of the learned features in per cent, with 95% intervals; the best of a "
         "column "
         "is marked.</p><div class=\"scroll\"><table class=\"plain\"><thead><tr>" +
         head + "</tr></thead><tbody>\n" + body + "</tbody></table></div>\n";
}

std::string comparison_warnings(const std::vector<RunData>& runs) {
  std::string items;
  for (const RunData& run : runs) {
    for (const std::string& warning : warnings(run)) {
      items += "<li>" + html_escape(run.name + ": " + warning) + "</li>";
    }
  }
  return items.empty() ? "" : "<ul class=\"warnings\">" + items + "</ul>\n";
}

std::string differing_options(const std::vector<RunData>& runs) {
  std::map<std::string, std::vector<std::string>> values;
  for (size_t r = 0; r < runs.size(); ++r) {
    for (const OptionGroup& group : runs[r].options) {
      for (const auto& [key, value] : group.entries) {
        auto& row = values[group.name.empty() ? key : group.name + "." + key];
        row.resize(runs.size(), "–");
        row[r] = value;
      }
    }
  }
  std::string head = "<th>Option</th>", body;
  for (size_t r = 0; r < runs.size(); ++r) head += "<th>" + run_key(runs, r) + "</th>";
  for (const auto& [key, row] : values) {
    if (std::count(row.begin(), row.end(), row[0]) == std::ssize(row)) continue;
    body += "<tr><th scope=\"row\">" + html_escape(key) + "</th>";
    for (const std::string& value : row) body += "<td>" + html_escape(value) + "</td>";
    body += "</tr>\n";
  }
  if (body.empty() || runs.size() < 2) return "";
  return "<p>Options in which the runs differ.</p><div class=\"scroll\"><table class=\"options\">"
         "<thead><tr>" +
         head + "</tr></thead><tbody>\n" + body + "</tbody></table></div>\n";
}

std::string overlaid_curves(const std::vector<RunData>& runs) {
  struct Wanted {
    const char *title, *key;
    Unit unit;
    bool from_zero;
  };
  constexpr Wanted kWanted[] = {
      {"kNN accuracy", "knn.accuracy", Unit::kShare, false},
      {"Loss", "step.loss", Unit::kNumber, false},
      {"Effective rank", "health.rank", Unit::kNumber, true},
      {"Alignment", "health.alignment", Unit::kNumber, false},
      {"Uniformity", "health.uniformity", Unit::kNumber, false},
      {"Learning rate", "step.lr", Unit::kNumber, true},
      {"Views per second", "step.rate", Unit::kNumber, true},
      {"Waiting for data", "step.wait", Unit::kShare, true},
  };
  std::vector<Chart> charts;
  for (const Wanted& wanted : kWanted) {
    Chart chart;
    chart.title = wanted.title;
    chart.x_name = "step";
    chart.unit = wanted.unit;
    chart.from_zero = wanted.from_zero;
    chart.group = "runs";
    for (size_t r = 0; r < runs.size(); ++r) {
      ChartLine line{runs[r].name, run_colour(r), thin_out(runs[r].get(wanted.key), 120)};
      for (ChartPoint& p : line.points) p.low = p.high = kNan;  // bands of several runs hide lines
      chart.lines.push_back(std::move(line));
    }
    charts.push_back(std::move(chart));
  }
  return chart_grid(charts);
}

std::string overlaid_few_labels(const std::vector<RunData>& runs) {
  Chart chart;
  chart.title = "Accuracy from few labels";
  chart.note = "Learned features; mean and 95% interval over draws of the labelled images";
  chart.x_name = "labels per class";
  chart.unit = Unit::kShare;
  chart.width = 440;
  for (const RunData& run : runs) {
    for (const std::string& label : texts(list(child(run.evaluation, "few_label"), "labels"))) {
      if (std::find(chart.x_labels.begin(), chart.x_labels.end(), label) == chart.x_labels.end()) {
        chart.x_labels.push_back(label);
      }
    }
  }
  std::stable_sort(chart.x_labels.begin(), chart.x_labels.end(),
                   [](const std::string& a, const std::string& b) {
                     return a.size() != b.size() ? a.size() < b.size() : a < b;
                   });
  for (size_t r = 0; r < runs.size(); ++r) {
    ChartLine line{runs[r].name, run_colour(r), {}};
    const Json& few = child(runs[r].evaluation, "few_label");
    const std::vector<std::string> labels = texts(list(few, "labels"));
    for (const Json& row : list(few, "rows")) {
      if (text(row, "features") != "Likewise") continue;
      const Json& values = list(row, "values");
      for (size_t i = 0; i < values.size() && i < labels.size(); ++i) {
        const Score s = read_score(values[i]);
        const auto at = std::find(chart.x_labels.begin(), chart.x_labels.end(), labels[i]);
        if (std::isfinite(s.mean)) {
          line.points.push_back({static_cast<double>(at - chart.x_labels.begin()), s.mean,
                                 s.mean - s.half_width, s.mean + s.half_width});
        }
      }
    }
    chart.lines.push_back(std::move(line));
  }
  const std::string figure = line_chart(chart);
  return figure.empty() ? "" : "<div class=\"feature\">" + figure + "</div>\n";
}

}  // namespace

}  // namespace report

std::string comparison_page(const std::vector<std::filesystem::path>& folders) {
  if (folders.empty()) throw UserError("no run was given; one or more run folders are expected");
  std::vector<report::RunData> runs;
  for (const auto& folder : folders) runs.push_back(report::read_run(folder));
  // Folders of equal name (a/run, b/run) are told apart by the path as given.
  std::map<std::string, int> names;
  for (const auto& run : runs) ++names[run.name];
  for (size_t r = 0; r < runs.size(); ++r) {
    if (names[runs[r].name] > 1) runs[r].name = folders[r].string();
  }
  report::Page page;
  page.title = runs.size() == 1 ? "1 run" : fmt::format("{} runs compared", runs.size());
  page.kicker = "Likewise report";
  page.sections =
      report::section("figures", "Figures",
                      report::comparison_warnings(runs) + report::comparison_table(runs)) +
      report::section("labels", "Few labels", report::overlaid_few_labels(runs)) +
      report::section("curves", "Curves", report::overlaid_curves(runs)) +
      report::section("options", "Options", report::differing_options(runs));
  return report::assemble(page);
}

void write_comparison(const std::vector<std::filesystem::path>& runs,
                      const std::filesystem::path& html) {
  write_file(html, std::string_view(comparison_page(runs)));
}

}  // namespace likewise
