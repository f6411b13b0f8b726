#pragma once
// Python's pickle format read as data. Nothing is imported, called or built: where Python would
// call a function, the name of the function and its arguments become part of the tree.
//
// Source: Lib/pickletools.py of CPython, protocols 0 to 5.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace likewise {

struct PickleValue {
  enum class Kind {
    kNone,
    kBool,        // integer
    kInteger,     // integer; beyond 64 bits in `text`, in hexadecimal, and `integer` 0
    kReal,        // real
    kText,        // text, UTF-8 as it stands in the file
    kBytes,       // text
    kTuple,       // items
    kList,        // items; sets, too
    kDict,        // items: key, value, key, value, ...; a later key replaces an equal earlier one
    kGlobal,      // text: module.name
    kCall,        // items: a kGlobal, the arguments and, where there is one, the state
    kPersistent,  // items: the identifier that the program which wrote the file knows
  };
  Kind kind = Kind::kNone;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<uint32_t> items;  // indices into Pickle::values
};

// A value may stand in several places, and in itself: walk it with a limit on depth and on steps.
struct Pickle {
  std::vector<PickleValue> values;
  uint32_t root = 0;
  size_t size = 0;  // bytes from the start up to and with STOP

  const PickleValue& operator[](uint32_t index) const { return values[index]; }
  const PickleValue& top() const { return values[root]; }
};

// Which globals ("module.name") a file may name. Python's containers are always among them:
// collections.OrderedDict, defaultdict, Counter and the builtins list, tuple, dict, set, frozenset.
using KnownGlobal = std::function<bool(std::string_view)>;

// Reads the pickle at the start of `bytes`. `name` is only used in messages. Throws DataError for
// damage, for a global that is not known (the message names it), for an extension registry or an
// out-of-band buffer, and beyond 256 MiB, 4 million values or marks 10,000 deep. The depth of the
// tree is not limited: what reads it uses no recursion.
Pickle parse_pickle(std::span<const uint8_t> bytes, const std::string& name,
                    const KnownGlobal& known = {});

}  // namespace likewise
