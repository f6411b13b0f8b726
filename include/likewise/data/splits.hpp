#pragma once
// Ways to divide a data set. All return views of it: nothing is copied, labels keep their numbers.

#include <cstdint>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/data/dataset.hpp"

namespace likewise {

// Positions, ascending, of two disjoint parts that make up the whole.
struct SplitIndices {
  std::vector<int64_t> first, second;
};
struct Split {
  DatasetPtr first, second;
};
Split split_by(const DatasetPtr& dataset, const SplitIndices& indices);

// first: k samples of every class, drawn without replacement; second: all others, the unlabelled
// among them. A class with fewer than k samples gives all it has, unless `strict`: then UserError
// names it. Throws UserError when no sample has a label, or k < 1.
SplitIndices few_label_split(const Dataset& dataset, int64_t k, Rng& rng, bool strict = true);

// second: `fraction` of every class (and of the unlabelled), rounded to the nearest, but at least
// one and not all of a class with two samples or more. Throws UserError unless 0 < fraction < 1.
SplitIndices stratified_split(const Dataset& dataset, double fraction, Rng& rng);

// second: the samples of the given domains; first: all others, also those of unknown domain. For
// tests on domains that training has not seen. Throws UserError for a domain that is not there.
SplitIndices split_by_domain(const Dataset& dataset, const std::vector<std::string>& held_out);

// second: whole domains, drawn until at least `fraction` of all samples is reached. Samples of one
// domain (a subject, a site, a typeface) never fall on both sides. Throws UserError when fewer than
// two domains are known.
SplitIndices group_split(const Dataset& dataset, double fraction, Rng& rng);

}  // namespace likewise
