#include "likewise/data/splits.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/subset.hpp"

namespace likewise {

namespace {

std::map<int64_t, std::vector<int64_t>> members_by_class(const Dataset& dataset) {
  std::map<int64_t, std::vector<int64_t>> members;
  for (int64_t i = 0; i < dataset.size(); ++i) members[dataset.label(i)].push_back(i);
  return members;
}

SplitIndices divide(const std::vector<bool>& is_second) {
  SplitIndices split;
  for (size_t i = 0; i < is_second.size(); ++i) {
    (is_second[i] ? split.second : split.first).push_back(static_cast<int64_t>(i));
  }
  return split;
}

std::string class_name_of(const Dataset& dataset, int64_t label) {
  const auto& names = dataset.info().class_names;
  const auto at = static_cast<size_t>(label);
  return at < names.size() ? names[at] : std::to_string(label);
}

void check_fraction(double fraction) {
  if (!(fraction > 0.0 && fraction < 1.0)) {
    throw UserError("the fraction of a split must lie between 0 and 1, it is {}", fraction);
  }
}

}  // namespace

Split split_by(const DatasetPtr& dataset, const SplitIndices& indices) {
  return {subset(dataset, indices.first), subset(dataset, indices.second)};
}

SplitIndices few_label_split(const Dataset& dataset, int64_t k, Rng& rng, bool strict) {
  if (k < 1) throw UserError("at least 1 label a class is needed, {} was asked for", k);
  std::vector<bool> is_rest(static_cast<size_t>(dataset.size()), true);
  bool any_label = false;
  for (const auto& [label, members] : members_by_class(dataset)) {
    if (label < 0) continue;
    any_label = true;
    const auto count = static_cast<int64_t>(members.size());
    if (strict && count < k) {
      throw UserError("class '{}' of {} has {} samples, but {} labels a class were asked for",
                      class_name_of(dataset, label), dataset.info().name, count, k);
    }
    // A stream of the class's own: a class more or less does not change what the others draw.
    Rng own = rng.fork({static_cast<uint64_t>(label)});
    for (const int64_t chosen : own.choose(count, std::min(k, count))) {
      is_rest[static_cast<size_t>(members[static_cast<size_t>(chosen)])] = false;
    }
  }
  if (!any_label) throw UserError("{} has no labels to draw from", dataset.info().name);
  return divide(is_rest);
}

SplitIndices stratified_split(const Dataset& dataset, double fraction, Rng& rng) {
  check_fraction(fraction);
  std::vector<bool> is_second(static_cast<size_t>(dataset.size()), false);
  for (const auto& [label, members] : members_by_class(dataset)) {
    const auto count = static_cast<int64_t>(members.size());
    int64_t wanted = std::llround(fraction * static_cast<double>(count));
    if (count >= 2) wanted = std::clamp<int64_t>(wanted, 1, count - 1);
    Rng own = rng.fork({static_cast<uint64_t>(label + 1)});
    for (const int64_t chosen : own.choose(count, wanted)) {
      is_second[static_cast<size_t>(members[static_cast<size_t>(chosen)])] = true;
    }
  }
  return divide(is_second);
}

SplitIndices split_by_domain(const Dataset& dataset, const std::vector<std::string>& held_out) {
  const auto& names = dataset.info().domain_names;
  std::vector<bool> is_held(names.size(), false);
  for (const auto& name : held_out) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      throw UserError("{} has no domain '{}'{}", dataset.info().name, name,
                      names.empty() ? std::string(": it has none") : did_you_mean(name, names));
    }
    is_held[static_cast<size_t>(found - names.begin())] = true;
  }
  std::vector<bool> is_second(static_cast<size_t>(dataset.size()), false);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const int64_t domain = dataset.domain(i);
    is_second[static_cast<size_t>(i)] = domain >= 0 && is_held[static_cast<size_t>(domain)];
  }
  return divide(is_second);
}

SplitIndices group_split(const Dataset& dataset, double fraction, Rng& rng) {
  check_fraction(fraction);
  std::map<int64_t, int64_t> sizes;  // of the domains that occur
  for (int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.domain(i) >= 0) ++sizes[dataset.domain(i)];
  }
  if (sizes.size() < 2) {
    throw UserError("{} cannot be split by domain: it has {} of them", dataset.info().name,
                    sizes.size());
  }
  std::vector<int64_t> domains;
  for (const auto& entry : sizes) domains.push_back(entry.first);
  std::map<int64_t, bool> is_held;
  int64_t held = 0, left = static_cast<int64_t>(domains.size());
  for (const int64_t d : rng.permutation(left)) {
    if (static_cast<double>(held) >= fraction * static_cast<double>(dataset.size())) break;
    if (left-- == 1) break;  // something must remain to learn from
    const int64_t domain = domains[static_cast<size_t>(d)];
    is_held[domain] = true;
    held += sizes[domain];
  }
  std::vector<bool> is_second(static_cast<size_t>(dataset.size()), false);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    is_second[static_cast<size_t>(i)] = is_held.count(dataset.domain(i)) > 0;
  }
  return divide(is_second);
}

}  // namespace likewise
