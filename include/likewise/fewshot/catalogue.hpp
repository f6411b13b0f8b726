#pragma once
// The few-shot methods there are: one table, read by the command line, the docs and the tests.

#include <memory>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/fewshot/method.hpp"

namespace likewise::fewshot {

// How a method is trained unless somebody says otherwise: as its authors did, or where that is out
// of a processor's reach, what was measured to serve (docs/fewshot.md says which).
struct TrainingDefaults {
  EpisodeShape shape{20, 1, 5};
  int64_t tasks = 1;  // episodes a step
  std::string optimizer = "adam";
  double lr = 1e-3;
  std::string schedule = "halving";
  double clip = 0;
  double weight_decay = 0;
};

// A method's own options with the type hidden.
class MethodOptions {
 public:
  virtual ~MethodOptions() = default;
  virtual void describe(Fields& fields) = 0;
  virtual std::shared_ptr<FewShotMethod> make(const MethodInput& input) const = 0;
};

template <class M>
class MethodOptionsOf : public MethodOptions {
 public:
  void describe(Fields& fields) override { options.fields(fields); }
  std::shared_ptr<FewShotMethod> make(const MethodInput& input) const override {
    return std::make_shared<M>(input, options);
  }
  typename M::Options options;
};

struct MethodEntry {
  const char* name;
  const char* summary;
  TrainingDefaults defaults;
  std::unique_ptr<MethodOptions> (*make_options)();
};

const std::vector<MethodEntry>& methods();

// Throws UserError, naming the nearest methods.
const MethodEntry& find_method(const std::string& name);

}  // namespace likewise::fewshot
