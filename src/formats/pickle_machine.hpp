#pragma once
// What the opcodes of a pickle work on: the bytes, a stack with marks, a memo, the values made so
// far. Throws DataError for everything that a well-formed pickle does not do.

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "formats/endian.hpp"
#include "likewise/base/error.hpp"
#include "likewise/formats/pickle.hpp"

namespace likewise::detail {

inline constexpr size_t kMostPickleBytes = size_t{256} << 20;
inline constexpr size_t kMostPickleValues = 4'000'000;
inline constexpr size_t kMostNameBytes = 1000;
inline constexpr size_t kMostPickleMarks = 10'000;

inline constexpr std::array<std::string_view, 3> kDictClasses = {
    "collections.OrderedDict", "collections.defaultdict", "collections.Counter"};
inline constexpr std::array<std::string_view, 5> kBuiltinContainers = {"list", "tuple", "dict",
                                                                       "set", "frozenset"};

inline bool is_dict_class(std::string_view global) {
  return std::find(kDictClasses.begin(), kDictClasses.end(), global) != kDictClasses.end() ||
         global == "builtins.dict";
}

inline bool is_container(std::string_view global) {
  if (is_dict_class(global)) return true;
  constexpr std::string_view kModule = "builtins.";
  return global.substr(0, kModule.size()) == kModule &&
         std::find(kBuiltinContainers.begin(), kBuiltinContainers.end(),
                   global.substr(kModule.size())) != kBuiltinContainers.end();
}

class PickleMachine {
 protected:
  using Kind = PickleValue::Kind;

  PickleMachine(std::span<const uint8_t> bytes, const std::string& name, const KnownGlobal& known)
      : bytes_(bytes.first(std::min(bytes.size(), kMostPickleBytes))), name_(name), known_(known) {}

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw DataError("{}: broken pickle at byte {}: {}", name_, at_,
                    fmt::format(format, std::forward<Args>(args)...));
  }

  // --- bytes ---

  std::span<const uint8_t> take(uint64_t count) {
    if (count > bytes_.size() - position_) {
      if (bytes_.size() == kMostPickleBytes) fail("longer than {} bytes", kMostPickleBytes);
      fail("{} bytes are expected, {} are left", count, bytes_.size() - position_);
    }
    const auto taken = bytes_.subspan(position_, static_cast<size_t>(count));
    position_ += static_cast<size_t>(count);
    return taken;
  }
  template <class T>
  T number() {
    return load_little<T>(take(sizeof(T)).data());
  }
  static std::string text_of(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string line() {
    const auto rest = bytes_.subspan(position_);
    const auto end = std::find(rest.begin(), rest.end(), uint8_t{'\n'});
    if (end == rest.end()) fail("a line does not end");
    const std::string text = text_of(take(static_cast<uint64_t>(end - rest.begin())));
    take(1);
    return text;
  }

  // --- values ---

  uint32_t add(PickleValue value) {
    if (out_.values.size() >= kMostPickleValues) fail("more than {} values", kMostPickleValues);
    out_.values.push_back(std::move(value));
    return static_cast<uint32_t>(out_.values.size() - 1);
  }
  uint32_t add(Kind kind, std::vector<uint32_t> items = {}) {
    return add(
        PickleValue{.kind = kind, .integer = 0, .real = 0, .text = {}, .items = std::move(items)});
  }
  void push(uint32_t value) {
    if (stack_.size() >= kMostPickleValues)
      fail("a stack of more than {} values", kMostPickleValues);
    stack_.push_back(value);
  }
  void push_text(Kind kind, std::string text) {
    push(add(
        PickleValue{.kind = kind, .integer = 0, .real = 0, .text = std::move(text), .items = {}}));
  }
  void push_integer(int64_t value, Kind kind = Kind::kInteger) {
    push(add(PickleValue{.kind = kind, .integer = value, .real = 0, .text = {}, .items = {}}));
  }
  void push_real(double value) {
    push(add(
        PickleValue{.kind = Kind::kReal, .integer = 0, .real = value, .text = {}, .items = {}}));
  }

  // --- stack ---

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t pop() {
    if (stack_.size() <= floor()) fail("the stack is empty");
    const uint32_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
  uint32_t top() const {
    if (stack_.size() <= floor()) fail("the stack is empty");
    return stack_.back();
  }
  void mark() {
    if (marks_.size() >= kMostPickleMarks) fail("more than {} marks", kMostPickleMarks);
    marks_.push_back(stack_.size());
  }
  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) fail("there is no mark");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<uint32_t> pop_many(size_t count) {
    std::vector<uint32_t> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  // --- memo ---

  void remember(uint32_t key) {
    if (memo_.size() >= kMostPickleValues) fail("a memo of more than {} values", kMostPickleValues);
    memo_[key] = top();
  }
  void recall(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("memo {} was never set", key);
    push(found->second);
  }
  uint32_t line_key() {
    const std::string text = line();
    uint32_t key = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key);
    if (error != std::errc() || end != text.data() + text.size()) fail("'{}' is no number", text);
    return key;
  }

  // --- what Python would call ---

  void push_global(std::string module, const std::string& name) {
    // Python 2's names of two modules, as every Python 3 translates them.
    if (module == "__builtin__") module = "builtins";
    if (module == "copy_reg") module = "copyreg";
    const std::string global = module + "." + name;
    if (global.size() > kMostNameBytes) fail("a global with a name of {} bytes", global.size());
    if (!is_container(global) && !(known_ && known_(global))) {
      throw DataError(
          "{}: refused: the file names '{}' (byte {}), which is none of the tensors and plain "
          "containers that weights are made of; nothing was run (of a PyTorch model save the "
          "state_dict)",
          name_, global, at_);
    }
    push_text(Kind::kGlobal, global);
  }

  uint32_t call(uint32_t callee, uint32_t arguments) {
    if (out_[callee].kind != Kind::kGlobal) fail("something that is not a global is called");
    if (out_[arguments].kind != Kind::kTuple) fail("a call without a tuple of arguments");
    const std::string& global = out_[callee].text;
    if (!is_container(global)) return add(Kind::kCall, {callee, arguments});
    // A container of nothing, or of the items of its (last) argument.
    std::vector<uint32_t> items;
    const auto& given = out_[arguments].items;
    if (is_dict_class(global)) {
      if (!given.empty()) {
        const PickleValue& from = out_[given.back()];
        count_items(from.items.size());
        if (from.kind == Kind::kDict) items = from.items;
        if (from.kind == Kind::kList) {  // of pairs
          for (const uint32_t pair : from.items) {
            if (out_[pair].items.size() != 2) fail("a dictionary of something else than pairs");
            items.insert(items.end(), out_[pair].items.begin(), out_[pair].items.end());
          }
        }
      }
      return add(Kind::kDict, std::move(items));
    }
    if (!given.empty()) {
      items = out_[given.back()].items;
      count_items(items.size());
    }
    return add(global == "builtins.tuple" ? Kind::kTuple : Kind::kList, std::move(items));
  }

  void count_items(size_t count) {
    stored_ += count;
    if (stored_ > kMostPickleValues) fail("more than {} items", kMostPickleValues);
  }

  // Items or state of an object of unknown inside are dropped: nothing could be said of them.
  void append_items(uint32_t to, const std::vector<uint32_t>& items, Kind expected) {
    PickleValue& target = out_.values[to];
    if (target.kind == Kind::kCall) return;
    if (target.kind != expected) fail("items are added to something that holds none");
    if (expected == Kind::kDict && items.size() % 2 != 0) fail("a key without a value");
    count_items(items.size());
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  void build() {
    const uint32_t state = pop();
    PickleValue& object = out_.values[top()];
    if (object.kind == Kind::kCall) {
      object.items.resize(2);
      object.items.push_back(state);
    } else if (object.kind != Kind::kDict && object.kind != Kind::kList) {
      fail("state is set on something that has none");
    }
  }

  std::span<const uint8_t> bytes_;
  const std::string& name_;
  const KnownGlobal& known_;
  size_t position_ = 0, stored_ = 0;
  size_t at_ = 0;  // of the opcode that is being done
  Pickle out_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, uint32_t> memo_;
};

}  // namespace likewise::detail
