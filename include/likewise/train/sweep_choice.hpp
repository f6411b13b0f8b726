#pragma once
// Which setting of a sweep to take, without a look at test labels.

#include <string>
#include <vector>

#include "likewise/train/results_table.hpp"

namespace likewise {

struct SweepChoice {
  size_t index = 0;    // into the settings
  std::string reason;  // a sentence: by what, and by how much
};

// By the last look at the health of every run, which needs no label: most runs whose verdict is
// "healthy" first, then the largest RankMe of the features, then the smallest alignment +
// uniformity. RankMe (Garrido et al., ICML 2023) was proposed for choosing settings of one method
// and one encoder: ranks of features of other widths, and to a part of other methods, do not
// compare. Alignment and uniformity: Wang and Isola, ICML 2020.
SweepChoice choose_by_health(const std::vector<SettingFigures>& settings);

// By the mean over seeds of one figure on a held-out part of the training labels; `column` empty:
// "linear", or the first there is. Throws UserError when no setting has that figure.
SweepChoice choose_by_validation(const std::vector<SettingFigures>& settings, std::string column);

}  // namespace likewise
