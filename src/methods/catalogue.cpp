#include "likewise/methods/catalogue.hpp"

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/methods/simclr.hpp"

namespace likewise {

const std::vector<MethodEntry>& methods() {
  static const std::vector<MethodEntry> table = {
      method_entry<Simclr>("simclr", "two views of an image agree more than views of different ones"),
  };
  return table;
}

const MethodEntry& find_method(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : methods()) {
    if (entry.name == name) return entry;
    names.emplace_back(entry.name);
  }
  throw UserError("unknown method '{}'{}", name, did_you_mean(name, names));
}

}  // namespace likewise
