#pragma once
// The methods there are: one table, read by the command line, the docs and the conformance tests.

#include <memory>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/methods/method.hpp"

namespace likewise {

// A method's own options with the type hidden.
class MethodOptions {
 public:
  virtual ~MethodOptions() = default;
  virtual void describe(Fields& fields) = 0;
  virtual std::shared_ptr<Method> make(std::shared_ptr<Encoder> encoder) const = 0;
};

template <class M>
class MethodOptionsOf : public MethodOptions {
 public:
  void describe(Fields& fields) override { options.fields(fields); }
  std::shared_ptr<Method> make(std::shared_ptr<Encoder> encoder) const override {
    return std::make_shared<M>(std::move(encoder), options);
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
