// What a person can judge by eye: views, neighbours, the map.

#include <fmt/format.h>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

std::string picture(const std::string& source, const std::string& label) {
  if (!source.starts_with("data:image/")) return "";
  return fmt::format("<img src=\"{}\" alt=\"{}\" title=\"{}\" loading=\"lazy\" decoding=\"async\">",
                     html_escape(source), html_escape(label), html_escape(label));
}

std::string player(const std::string& source, const std::string& label) {
  if (!source.starts_with("data:audio/")) return "";
  return fmt::format("<audio controls preload=\"none\" title=\"{}\" src=\"{}\"></audio>",
                     html_escape(label), html_escape(source));
}

namespace {

// Pictures, each with its player below it where there is one.
std::string heard_pictures(const Json& sources, const Json& sounds, const char* label) {
  const std::vector<std::string> pictures = texts(sources), players = texts(sounds);
  std::string out;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const std::string shown = picture(pictures[i], label);
    const std::string heard = i < players.size() ? player(players[i], label) : "";
    out += heard.empty() ? shown : "<span class=\"heard\">" + shown + heard + "</span>";
  }
  return out;
}

}  // namespace

std::string views_section(const RunData& run) {
  std::string rows;
  bool learned = false, heard = false;
  for (const Json& row : list(run.gallery, "rows")) {
    const std::string name = text(row, "name");
    const Json& sounds = child(row, "sounds");
    const std::string views = heard_pictures(list(row, "views"), list(sounds, "views"), "view");
    const std::string differences =
        heard_pictures(list(row, "perturbations"), list(sounds, "perturbations"), "perturbation");
    learned = learned || !differences.empty();
    const std::string original = picture(text(row, "original"), name);
    const std::string original_sound = player(text(sounds, "original"), name);
    heard = heard || !original_sound.empty();
    if (original.empty() && views.empty()) continue;
    rows += fmt::format(
        "<div "
        "class=\"strip\"><figure>{}{}<figcaption>{}</figcaption></figure><div>{}{}</div></div>\n",
        original, original_sound, html_escape(name), views,
        differences.empty() ? "" : "<i class=\"line\"></i>" + differences);
  }
  if (rows.empty()) return "";
  const std::string note = text(run.gallery, "note");
  return "<p>The original on the left, beside it what the method saw. Views of one sample "
         "must still show the same thing; views that any sample could have made teach nothing." +
         std::string(learned
                         ? " Below the views: what was added to each, its largest value white or "
                           "black (lines: at the edge), grey (the middle) where nothing."
                         : "") +
         std::string(heard ? " Time runs to the right, frequency upwards. Sounds are the first "
                             "seconds of what is seen; where a "
                             "spectrogram was changed, its sound is rebuilt by Griffin-Lim and its "
                             "phases are guessed. The sound of a perturbation is made louder."
                           : "") +
         (note.empty() ? "" : " " + html_escape(note)) +
         "</p>\n"
         "<div class=\"strips\">" +
         rows + "</div>\n";
}

std::string neighbours_section(const RunData& run) {
  std::string rows;
  int64_t same = 0, judged = 0;
  for (const Json& row : list(run.neighbours, "rows")) {
    const Json& query = child(row, "query");
    const std::string label = text(query, "label");
    const auto figure = [&](const Json& entry, const char* kind, const std::string& caption) {
      return fmt::format("<figure class=\"{}\">{}<figcaption>{}</figcaption></figure>", kind,
                         picture(text(entry, "image"), text(entry, "name")), caption);
    };
    std::string found;
    for (const Json& entry : list(row, "neighbours")) {
      const std::string theirs = text(entry, "label");
      const bool known = !label.empty() && !theirs.empty();
      judged += known;
      same += known && label == theirs;
      const double score = number(entry, "score");
      found += figure(entry,
                      !known            ? ""
                      : label == theirs ? "same"
                                        : "other",
                      html_escape(theirs.empty() ? text(entry, "name") : theirs) +
                          (score == score ? fmt::format(" <em>{:.2f}</em>", score) : ""));
    }
    if (found.empty()) continue;
    rows += "<div class=\"strip\">" +
            figure(query, "query", html_escape(label.empty() ? text(query, "name") : label)) +
            "<div>" + found + "</div></div>\n";
  }
  if (rows.empty()) return "";
  std::string words = "The query on the left, then its nearest neighbours by cosine similarity.";
  if (judged > 0) {
    words +=
        fmt::format(" {} of {} neighbours shown have the query's label; the others are underlined.",
                    format_count(same), format_count(judged));
  }
  return "<p>" + words + "</p>\n<div class=\"strips\">" + rows + "</div>\n";
}

std::string map_section(const RunData& run) {
  const Json& points = list(run.map, "points");
  if (points.empty()) return "";
  Json data = run.map;
  if (!text(data, "sprite").starts_with("data:image/")) data.erase("sprite");
  const std::string method = text(run.map, "method");
  return fmt::format(
      "<p>{} samples, placed by {} so that neighbours in feature space stay neighbours. Distances "
      "between far groups mean little. Point at a dot to see its picture; drag to move, use the "
      "buttons (or Ctrl and the wheel) to zoom.</p>\n"
      "<figure class=\"map\"><div class=\"tools\"><button data-do=\"in\" aria-label=\"Zoom in\">+"
      "</button><button data-do=\"out\" aria-label=\"Zoom out\">−</button>"
      "<button data-do=\"all\">All</button><button data-do=\"pictures\" aria-pressed=\"false\">"
      "Pictures</button></div><div class=\"stage\"><canvas></canvas><div class=\"card\" hidden>"
      "<span></span><b></b><small></small></div></div><div class=\"legend\"></div>"
      "<script type=\"application/json\">{}</script></figure>\n",
      format_count(static_cast<int64_t>(points.size())),
      method.empty() ? "similarity" : html_escape(method), script_json(data));
}

}  // namespace likewise::report
