#pragma once
// `glyphs`: letters drawn by type designers, rendered from the fonts that are installed. A data set
// that needs no download.
//
// Images are uint8 [1, 32, 32], white ink on black. Class = character, domain = font family. About
// one family in five, chosen by a hash of its name (so the choice does not depend on which others
// are installed), is held out: it is in no part that anything is learnt from.
//
//   part        characters                                       families
//   pretrain    Latin letters and digits (the default)           all but the held-out
//   train       A to Z                                           all but the held-out
//   test        A to Z                                           held out
//   held-out    Greek and Cyrillic letters unlike Latin ones     all; for few-shot tasks
//   all         all 182                                          all

#include <string>
#include <vector>

#include "likewise/data/dataset.hpp"

namespace likewise {

// Names of the parts, the default first.
const std::vector<std::string>& glyphs_parts();

// Opens a part; "" is "pretrain". Classes and domains are numbered within the part. The first
// call renders (seconds) and leaves a cache. Throws UserError for an unknown part, or when fewer
// than 20 font families are installed.
DatasetPtr open_glyphs(const std::string& part = "");

// True when the family is in the held-out fifth.
bool is_held_out_family(const std::string& family);

}  // namespace likewise
