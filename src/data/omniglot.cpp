// Omniglot (Lake, Salakhutdinov, Tenenbaum, Science 2015):
// images_background/ALPHABET/CHARACTER/*.png and images_evaluation/.... Class = alphabet/character,
// domain = alphabet. Ink is turned from 0 to 255, so that empty paper is zero.
//
// Parts: Lake's background and evaluation; all; and the division of Vinyals et al. (NeurIPS 2016),
// which is the sorted order of the 1,623 characters (background before evaluation) cut after 1,200.

#include <algorithm>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kVinyalsTrain = 1200;

const std::vector<std::string>& omniglot_parts() {
  static const std::vector<std::string> parts = {"all",        "background",    "background-small1",
                                                 "evaluation", "vinyals-train", "vinyals-test"};
  return parts;
}

// The five alphabets, 136 characters, of the first of the author's two minimal background sets.
bool is_small1(const std::string& alphabet) {
  static const std::vector<std::string> names = {"Balinese", "Early_Aramaic", "Greek", "Korean",
                                                 "Latin"};
  return std::find(names.begin(), names.end(), alphabet) != names.end();
}

// One image: "images_background/Greek/character01/0394_01.png" in its pieces.
struct Drawing {
  std::string path, alphabet, character;
};

}  // namespace

bool is_omniglot(const OpenRequest& request) {
  std::error_code ignored;
  return fs::is_directory(request.path / "images_background", ignored) ||
         fs::is_directory(request.path / "images_evaluation", ignored);
}

DatasetPtr open_omniglot(const OpenRequest& request) {
  const std::string part = request.part.empty() ? "all" : request.part;
  const auto& parts = omniglot_parts();
  if (std::find(parts.begin(), parts.end(), part) == parts.end()) {
    unknown_part(request.name, part, parts);
  }
  std::vector<Drawing> drawings;
  int64_t characters = 0;
  std::string last_character;
  for (const std::string set : {"images_background", "images_evaluation"}) {
    std::error_code ignored;
    const bool here = fs::is_directory(request.path / set, ignored);
    const bool wanted = part == set.substr(7) || starts_with_folded(part, "vinyals") ||
                        (part == "background-small1" && set == "images_background");
    if (!here && wanted) {
      throw UserError("{}#{} needs the folder {}, which is not there", request.name, part,
                      (request.path / set).string());
    }
    if (!here) continue;
    for (const auto& path : find_images(request.path / set).paths) {
      const auto pieces = split(path, '/');
      if (pieces.size() != 3) {
        throw DataError("{}: {}/{} does not lie in ALPHABET/CHARACTER/", request.path.string(), set,
                        path);
      }
      const std::string character = pieces[0] + "/" + pieces[1];
      if (character != last_character) ++characters;
      last_character = character;
      const bool taken =
          part == "all" || part == set.substr(7) ||
          (part == "background-small1" && set == "images_background" && is_small1(pieces[0])) ||
          (part == "vinyals-train" && characters <= kVinyalsTrain) ||
          (part == "vinyals-test" && characters > kVinyalsTrain);
      if (taken) drawings.push_back({set + "/" + path, pieces[0], character});
    }
  }
  if (drawings.empty()) {
    throw UserError("{}#{} has no images: {} characters were found", request.name, part,
                    characters);
  }
  FileList list{request.path, {}, {}, {}};
  std::vector<std::string> classes, alphabets;
  for (auto& drawing : drawings) {
    list.paths.push_back(std::move(drawing.path));
    classes.push_back(std::move(drawing.character));
    alphabets.push_back(std::move(drawing.alphabet));
  }
  auto class_numbers = number_names(classes);
  auto alphabet_numbers = number_names(alphabets);
  DatasetInfo info{request.full_name(), "omniglot", Modality::image, std::move(class_numbers.names),
                   std::move(alphabet_numbers.names)};
  list.labels = std::move(class_numbers.numbers);
  list.domains = std::move(alphabet_numbers.numbers);
  return file_images(std::move(list), std::move(info), Ink::inverted);
}

}  // namespace likewise::detail
