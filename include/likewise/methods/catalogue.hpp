#pragma once
// The methods there are: one table, read by the command line, the docs and the conformance tests.

#include <memory>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/methods/method.hpp"

namespace likewise {

// What a method wants of every sample: `views` random views, preceded by the view of evaluation if
// `plain_first`; and whether it looks at labels.
struct SampleDemand {
  int64_t views = 2;
  bool plain_first = false;
  bool labels = false;
  bool duplicates = false;  // groups of near-duplicates, found before training
};

// A method's own options with the type hidden.
class MethodOptions {
 public:
  virtual ~MethodOptions() = default;
  virtual void describe(Fields& fields) = 0;
  virtual std::shared_ptr<Method> make(std::shared_ptr<Encoder> encoder) const = 0;
  virtual SampleDemand demand() const = 0;
};

template <class M>
class MethodOptionsOf : public MethodOptions {
 public:
  void describe(Fields& fields) override { options.fields(fields); }
  std::shared_ptr<Method> make(std::shared_ptr<Encoder> encoder) const override {
    return std::make_shared<M>(std::move(encoder), options);
  }
  // From the functions views(), plain_first() and uses_labels() of the options, where they exist.
  SampleDemand demand() const override {
    SampleDemand demand;
    if constexpr (requires { options.views(); }) demand.views = options.views();
    if constexpr (requires { options.plain_first(); }) demand.plain_first = options.plain_first();
    if constexpr (requires { options.uses_labels(); }) demand.labels = options.uses_labels();
    if constexpr (requires { options.false_negatives; }) {
      demand.labels = demand.labels || options.false_negatives.remove == "labels";
      demand.duplicates = options.false_negatives.remove == "duplicates";
    }
    return demand;
  }
  typename M::Options options;
};

struct MethodEntry {
  const char* name;
  const char* summary;
  std::unique_ptr<MethodOptions> (*make_options)();
};

template <class M>
MethodEntry method_entry(const char* name, const char* summary) {
  return {name, summary, [] { return std::unique_ptr<MethodOptions>(new MethodOptionsOf<M>); }};
}

const std::vector<MethodEntry>& methods();

// Throws UserError, naming the nearest methods.
const MethodEntry& find_method(const std::string& name);

}  // namespace likewise
