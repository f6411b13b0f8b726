#include "report/page.hpp"

#include <fmt/format.h>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/report/report.hpp"
#include "report/assets.hpp"
#include "report/sections.hpp"

namespace likewise {

namespace report {

namespace {

// Links to the sections, found by the form that `section` gives them.
std::string navigation(const std::string& sections) {
  std::string links;
  constexpr std::string_view kOpen = "<section id=\"", kTitle = "\"><h2>";
  for (size_t at = sections.find(kOpen); at != std::string::npos; at = sections.find(kOpen, at)) {
    at += kOpen.size();
    const size_t id_end = sections.find(kTitle, at);
    const size_t title = id_end + kTitle.size();
    links += fmt::format("<a href=\"#{}\">{}</a>", sections.substr(at, id_end - at),
                         sections.substr(title, sections.find("</h2>", title) - title));
  }
  return links;
}

}  // namespace

std::string section(const std::string& id, const std::string& title, const std::string& body) {
  if (body.empty()) return "";
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", id, html_escape(title),
                     body);
}

std::string assemble(const Page& page) {
  // The policy is a promise that the browser keeps: the page cannot load anything.
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"Likewise\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "media-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>" +
      html_escape(page.title) + " – Likewise</title>\n<style>\n" + page_style() +
      "</style></head>\n<body><div class=\"sheet\">\n<header><p class=\"kicker\">" +
      html_escape(page.kicker) + "</p><h1>" + html_escape(page.title) + "</h1>";
  if (!page.opening.empty()) out += "<p class=\"opening\">" + html_escape(page.opening) + "</p>";
  out +=
      "<button class=\"theme\" type=\"button\">Dark</button></header>\n<nav>" +
      navigation(page.sections) + "</nav>\n<main>\n" + page.sections +
      "</main>\n<footer>Made by Likewise. This file needs no network.</footer>\n</div>\n<script>" +
      kChartScript;
  if (page.has_map) out += kMapScript;
  return out + "</script></body></html>\n";
}

}  // namespace report

std::string report_page(const std::filesystem::path& folder) {
  const report::RunData run = report::read_run(folder);
  report::Page page;
  page.title = run.name;
  page.kicker = "Likewise report";
  page.opening = report::opening_sentence(run);
  const std::string map = report::map_section(run);
  page.has_map = !map.empty();
  page.sections = report::section("summary", "Summary", report::summary_section(run)) +
                  report::section("results", "Results", report::results_section(run)) +
                  report::section("classes", "Classes", report::classes_section(run)) +
                  report::section("episodes", "Episodes", report::fewshot_section(run)) +
                  report::section("training", "Training", report::training_section(run)) +
                  report::section("health", "Health", report::health_section(run)) +
                  report::section("map", "Map", map) +
                  report::section("neighbours", "Neighbours", report::neighbours_section(run)) +
                  report::section("views", "Views", report::views_section(run)) +
                  report::section("options", "Options", report::options_section(run));
  return report::assemble(page);
}

void write_report(const std::filesystem::path& run, const std::filesystem::path& html) {
  write_file(html, std::string_view(report_page(run)));
}

}  // namespace likewise
