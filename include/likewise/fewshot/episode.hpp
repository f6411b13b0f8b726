#pragma once
// Episodes: small classification tasks drawn from a labelled data set.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/random.hpp"
#include "likewise/data/dataset.hpp"

namespace likewise::fewshot {

// N ways, K shots, Q queries.
struct EpisodeShape {
  int64_t ways = 5, shots = 1, queries = 15;
  int64_t support_size() const { return ways * shots; }
  int64_t query_size() const { return ways * queries; }
  int64_t size() const { return support_size() + query_size(); }
};

// What episodes need to know of the samples. With `turns` = 4 every sample stands for itself in
// four quarter turns, each turn of a class a class of its own: sample i turned by t quarters is
// number i + t n, class c then c + t C, as in data/quarter_turns.hpp.
struct LabelledItems {
  std::string name;              // of the data set, for messages
  std::vector<int64_t> labels;   // [n], -1 when unknown
  std::vector<int64_t> domains;  // [n], -1 when unknown
  std::vector<std::string> class_names, domain_names;
  int64_t turns = 1;

  int64_t size() const { return static_cast<int64_t>(labels.size()) * turns; }
};
LabelledItems items_of(const Dataset& dataset, int64_t turns = 1);

// "alpha/character01@90" for a class with its turn.
std::string class_name(const LabelledItems& items, int64_t label);

struct Episode {
  std::vector<int64_t> classes;    // [N], way w is class classes[w]
  std::vector<int64_t> positions;  // [N K + N Q]: supports way by way, then queries way by way
};

struct SamplerOptions {
  bool within_domains = false;  // all classes of an episode from one domain (an alphabet, a site)
  double share = 1;             // of the episodes; the others have classes of all domains
};

// Draws episodes: N classes without replacement, then K + Q distinct samples of each. Within
// domains: first a domain, uniformly among those with N classes or more; a domain in another
// quarter turn is another domain. The classes of smaller ones are in episodes of all domains only.
class EpisodeSampler {
 public:
  // Classes with fewer than K + Q samples are passed over. Throws UserError: no sample has a label,
  // one class, fewer than N classes with K + Q samples (naming what there is), no domains.
  EpisodeSampler(const LabelledItems& items, const EpisodeShape& shape,
                 const SamplerOptions& options = {});

  Episode draw(Rng rng) const;  // a function of the stream alone
  const EpisodeShape& shape() const { return shape_; }
  int64_t classes() const { return classes_in_all_; }  // that episodes draw from, turns counted

 private:
  struct Class {
    int64_t label;
    std::vector<int64_t> members;
  };
  std::vector<std::vector<Class>> groups_;  // one a domain, each standing for all its turns
  std::vector<Class> all_;
  double share_ = 0;  // of episodes within a group
  EpisodeShape shape_;
  int64_t items_ = 0, labels_ = 0, turns_ = 1, classes_in_all_ = 0;
};

}  // namespace likewise::fewshot
