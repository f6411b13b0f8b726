#include "likewise/fewshot/catalogue.hpp"

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/fewshot/maml.hpp"
#include "likewise/fewshot/matching.hpp"
#include "likewise/fewshot/metric.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/fewshot/relation.hpp"
#include "likewise/fewshot/siamese.hpp"

namespace likewise::fewshot {

namespace {

template <class M>
MethodEntry entry(const char* name, const char* summary, const TrainingDefaults& defaults) {
  return {name, summary, defaults,
          [] { return std::unique_ptr<MethodOptions>(new MethodOptionsOf<M>); }};
}

// A function: the table may be asked for before main.
TrainingDefaults maml_defaults() {
  return {.shape = {5, 1, 5}, .tasks = 8, .schedule = "constant"};
}

}  // namespace

const std::vector<MethodEntry>& methods() {
  static const std::vector<MethodEntry> table = {
      entry<Prototypical>("prototypical", "a query belongs to the class of the nearest mean", {}),
      entry<Matching>("matching", "a query attends to the support, which votes", {}),
      entry<Relation>("relation", "a network compares query and class",
                      {.shape = {5, 1, 19}, .schedule = "constant", .clip = 0.5}),
      entry<Siamese>("siamese", "whether two images are of one class, by weighted differences",
                     {.shape = {64, 1, 1}}),
      entry<TripletEmbedding>("triplet", "samples of a class nearer than others by a margin",
                              {.shape = {20, 1, 3}}),
      entry<NPairEmbedding>("n_pair", "one positive against those of all other classes",
                            {.shape = {64, 1, 1}}),
      entry<Maml>("maml", "weights from which a step or two learn a new task", maml_defaults()),
      entry<MamlVariant<FirstOrderMamlOptions>>(
          "fomaml", "maml with the inner gradients taken as constants", maml_defaults()),
      entry<MamlVariant<AnilOptions>>("anil", "maml whose inner loop changes the last layer alone",
                                      maml_defaults()),
      entry<MamlVariant<MetaSgdOptions>>("meta_sgd", "maml with a learned rate for every weight",
                                         maml_defaults()),
      entry<MamlVariant<MamlPlusOptions>>(
          "maml_pp", "maml with rates learned for each step, every step judged, first order first",
          {.shape = {5, 1, 5}, .tasks = 8, .schedule = "cosine"}),
      entry<Reptile>(
          "reptile", "weights move toward those that a few steps on a task lead to",
          {.shape = {5, 10, 0}, .tasks = 5, .optimizer = "sgd", .lr = 1, .schedule = "linear"}),
      entry<Imaml>("imaml", "maml by implicit gradients: the path of the inner loop is forgotten",
                   maml_defaults()),
  };
  return table;
}

const MethodEntry& find_method(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& one : methods()) {
    if (one.name == name) return one;
    names.emplace_back(one.name);
  }
  throw UserError("unknown few-shot method '{}'{}", name, did_you_mean(name, names));
}

}  // namespace likewise::fewshot
