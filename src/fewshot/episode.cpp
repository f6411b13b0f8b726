#include "likewise/fewshot/episode.hpp"

#include <algorithm>
#include <map>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

LabelledItems items_of(const Dataset& dataset, int64_t turns) {
  LabelledItems items;
  items.name = dataset.info().name;
  items.class_names = dataset.info().class_names;
  items.domain_names = dataset.info().domain_names;
  items.turns = turns;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    items.labels.push_back(dataset.label(i));
    items.domains.push_back(dataset.domain(i));
  }
  return items;
}

namespace {

int64_t label_count(const LabelledItems& items) {
  int64_t count = static_cast<int64_t>(items.class_names.size());
  for (int64_t label : items.labels) count = std::max(count, label + 1);
  return count;
}

}  // namespace

std::string class_name(const LabelledItems& items, int64_t label) {
  const int64_t count = std::max<int64_t>(1, label_count(items));
  const int64_t base = label % count, turn = label / count;
  const auto at = static_cast<size_t>(base);
  std::string name = at < items.class_names.size() ? items.class_names[at] : std::to_string(base);
  if (turn > 0) name += "@" + std::to_string(90 * turn);
  return name;
}

EpisodeSampler::EpisodeSampler(const LabelledItems& items, const EpisodeShape& shape,
                               const SamplerOptions& options)
    : shape_(shape),
      items_(static_cast<int64_t>(items.labels.size())),
      labels_(label_count(items)),
      turns_(items.turns) {
  if (shape.ways < 2 || shape.shots < 1 || shape.queries < 0) {
    throw UserError(
        "episodes have at least 2 ways, 1 shot and 0 queries; asked for were {}, {} and {}",
        shape.ways, shape.shots, shape.queries);
  }
  const int64_t need = shape.shots + shape.queries;
  std::map<int64_t, std::vector<int64_t>> members;
  std::map<int64_t, int64_t> domain_of;  // of a class: that of its first sample
  for (int64_t i = 0; i < items_; ++i) {
    const int64_t label = items.labels[static_cast<size_t>(i)];
    if (label < 0) continue;
    members[label].push_back(i);
    domain_of.emplace(label, items.domains.empty() ? -1 : items.domains[static_cast<size_t>(i)]);
  }
  if (members.empty()) {
    throw UserError(
        "{}: no image has a label, and episodes are drawn by class; a folder for each class or a "
        "list with labels is accepted",
        items.name);
  }
  if (members.size() == 1 && turns_ == 1) {
    throw UserError("{} has one class, {}; episodes need at least 2", items.name,
                    class_name(items, members.begin()->first));
  }
  std::map<int64_t, std::vector<Class>> by_group;
  int64_t enough = 0, most = 0;
  for (auto& [label, rows] : members) {
    const auto count = static_cast<int64_t>(rows.size());
    most = std::max(most, count);
    if (count < need) continue;
    ++enough;
    all_.push_back({label, std::move(rows)});
    const int64_t domain = domain_of[label];
    if (options.within_domains && domain >= 0) by_group[domain].push_back(all_.back());
  }
  if (enough * turns_ < shape.ways) {
    throw UserError(
        "{}: {}-way episodes need {} classes with {} images each ({} shots + {} queries); {} of {} "
        "classes have as many, the largest has {}",
        items.name, shape.ways, shape.ways, need, shape.shots, shape.queries, enough * turns_,
        static_cast<int64_t>(members.size()) * turns_, most);
  }
  int64_t widest = 0;
  for (auto& [domain, classes] : by_group) {
    const auto count = static_cast<int64_t>(classes.size());
    widest = std::max(widest, count);
    if (count < shape.ways) continue;
    classes_in_all_ += count * turns_;
    groups_.push_back(std::move(classes));
  }
  share_ = options.within_domains ? options.share : 0;
  if (share_ < 1) classes_in_all_ = enough * turns_;
  if (share_ > 0 && groups_.empty()) {
    throw UserError(
        "{}: {}-way episodes within domains need a domain with {} classes of {} images; {}",
        items.name, shape.ways, shape.ways, need,
        by_group.empty() ? std::string("no sample has a domain")
                         : fmt::format("the largest has {}", widest));
  }
}

Episode EpisodeSampler::draw(Rng rng) const {
  const bool within = share_ > 0 && (share_ == 1 || rng.chance(share_));
  const auto groups = static_cast<int64_t>(groups_.size()) * turns_;
  const int64_t group = within && groups > 1 ? rng.below(groups) : 0;
  const auto& classes = within ? groups_[static_cast<size_t>(group / turns_)] : all_;
  const auto count = static_cast<int64_t>(classes.size());
  const int64_t need = shape_.shots + shape_.queries;
  Episode episode;
  episode.positions.resize(static_cast<size_t>(shape_.size()));
  const auto drawn = rng.choose(within ? count : count * turns_, shape_.ways);
  for (size_t w = 0; w < drawn.size(); ++w) {
    const Class& chosen = classes[static_cast<size_t>(drawn[w] % count)];
    const int64_t turn = within ? group % turns_ : drawn[w] / count;
    const auto way = static_cast<int64_t>(w);
    episode.classes.push_back(chosen.label + turn * labels_);
    const auto rows = rng.choose(static_cast<int64_t>(chosen.members.size()), need);
    for (int64_t j = 0; j < need; ++j) {
      const int64_t at = j < shape_.shots
                             ? way * shape_.shots + j
                             : shape_.support_size() + way * shape_.queries + j - shape_.shots;
      episode.positions[static_cast<size_t>(at)] =
          chosen.members[static_cast<size_t>(rows[static_cast<size_t>(j)])] + turn * items_;
    }
  }
  return episode;
}

}  // namespace likewise::fewshot
