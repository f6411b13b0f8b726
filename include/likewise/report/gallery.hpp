#pragma once
// A page of views: what there was, what was made of it, and how they differ.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace likewise {

// A self-contained page, as report.hpp's. `gallery` is what report/gallery.json holds:
//   {rows: [{name, original, views: [picture], perturbations: [picture],
//            sounds: {original, views: [sound], perturbations: [sound]}}], note}
// where pictures and sounds are data: addresses; anything else is left out. Sounds may be fewer.
std::string gallery_page(const nlohmann::json& gallery, const std::string& title,
                         const std::string& opening);

}  // namespace likewise
