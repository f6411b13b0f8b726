#include <fmt/format.h>

#include "likewise/base/text.hpp"
#include "report/sections.hpp"

namespace likewise::report {

std::string options_section(const RunData& run) {
  std::string out;
  for (const OptionGroup& group : run.options) {
    std::string rows;
    for (const auto& [key, value] : group.entries) {
      rows += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", html_escape(key),
                          html_escape(value));
    }
    out += fmt::format(
        "<details><summary>{}<small>{}</small></summary><table class=\"options\">{}</table>"
        "</details>\n",
        group.name.empty() ? "general" : html_escape(group.name), group.entries.size(), rows);
  }
  return out.empty() ? "" : "<div class=\"groups\">" + out + "</div>\n";
}

}  // namespace likewise::report
