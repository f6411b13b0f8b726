#include "likewise/report/gallery.hpp"

#include "report/page.hpp"
#include "report/sections.hpp"

namespace likewise {

std::string gallery_page(const nlohmann::json& gallery, const std::string& title,
                         const std::string& opening) {
  report::RunData run;
  run.gallery = gallery;
  report::Page page;
  page.title = title;
  page.kicker = "Likewise views";
  page.opening = opening;
  page.sections = report::section("views", "Views", report::views_section(run));
  return report::assemble(page);
}

}  // namespace likewise
