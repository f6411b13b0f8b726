#pragma once
// The frame of a page.

#include <string>

namespace likewise::report {

// A whole document. `sections` are the results of `section`; the navigation is read from them.
struct Page {
  std::string title, kicker, opening;
  std::string sections;
  bool has_map = false;
};
std::string assemble(const Page& page);

}  // namespace likewise::report
