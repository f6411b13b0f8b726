#include "likewise/formats/pickle.hpp"

#include <bit>

#include "formats/pickle_machine.hpp"
#include "formats/pickle_opcodes.hpp"
#include "formats/pickle_text.hpp"

namespace likewise {

namespace {

namespace op = detail::pickle_opcodes;

class PickleReader : detail::PickleMachine {
 public:
  PickleReader(std::span<const uint8_t> bytes, const std::string& name, const KnownGlobal& known)
      : PickleMachine(bytes, name, known) {}

  Pickle read() {
    for (;;) {
      at_ = position_;
      const uint8_t opcode = take(1)[0];
      if (opcode == op::kStop) break;
      step(opcode);
    }
    out_.root = pop();
    out_.size = position_;
    return std::move(out_);
  }

 private:
  void step(uint8_t opcode) {
    if (!step_number(opcode) && !step_text(opcode) && !step_container(opcode) &&
        !step_stack(opcode) && !step_object(opcode)) {
      const std::string_view known = detail::opcode_name(opcode);
      if (known.empty()) fail("unknown opcode 0x{:02x}", opcode);
      throw DataError("{}: refused: opcode {} at byte {} needs Python's own tables or buffers",
                      name_, known, at_);
    }
  }

  bool step_number(uint8_t opcode) {
    switch (opcode) {
      case op::kNone:
        push(add(Kind::kNone));
        return true;
      case op::kNewTrue:
        push_integer(1, Kind::kBool);
        return true;
      case op::kNewFalse:
        push_integer(0, Kind::kBool);
        return true;
      case op::kBinInt:
        push_integer(static_cast<int32_t>(number<uint32_t>()));
        return true;
      case op::kBinInt1:
        push_integer(number<uint8_t>());
        return true;
      case op::kBinInt2:
        push_integer(number<uint16_t>());
        return true;
      case op::kLong1:
        push_long(take(number<uint8_t>()));
        return true;
      case op::kLong4:
        push_long(take(number<uint32_t>()));
        return true;
      case op::kBinFloat:
        push_real(std::bit_cast<double>(detail::load_big<uint64_t>(take(8).data())));
        return true;
      case op::kInt:
        push_decimal(line(), true);
        return true;
      case op::kLong:
        push_decimal(line(), false);
        return true;
      case op::kFloat: {
        const std::string text = line();
        const auto value = detail::pickle_real(text);
        if (!value) fail("'{}' is no number", text);
        push_real(*value);
        return true;
      }
      default:
        return false;
    }
  }

  // Little-endian two's complement.
  void push_long(std::span<const uint8_t> digits) {
    if (digits.size() > 8) {
      std::string hex;
      for (size_t i = digits.size(); i-- > 0;) hex += fmt::format("{:02x}", digits[i]);
      push_text(Kind::kInteger, hex);
      return;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i) value |= uint64_t{digits[i]} << (8 * i);
    const bool negative = !digits.empty() && digits.back() >= 0x80;
    if (negative && digits.size() < 8) value |= ~uint64_t{0} << (8 * digits.size());
    push_integer(static_cast<int64_t>(value));
  }

  void push_decimal(std::string text, bool may_be_bool) {
    if (may_be_bool && (text == "00" || text == "01")) {
      push_integer(text == "01", Kind::kBool);
      return;
    }
    if (!text.empty() && text.back() == 'L') text.pop_back();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail("'{}' is not an integer of 64 bits", text);
    }
    push_integer(value);
  }

  bool step_text(uint8_t opcode) {
    switch (opcode) {
      case op::kBinUnicode:
        push_text(Kind::kText, text_of(take(number<uint32_t>())));
        return true;
      case op::kShortBinUnicode:
        push_text(Kind::kText, text_of(take(number<uint8_t>())));
        return true;
      case op::kBinUnicode8:
        push_text(Kind::kText, text_of(take(number<uint64_t>())));
        return true;
      // Strings of Python 2 are text: weights written there have them as names.
      case op::kBinString:
        push_text(Kind::kText, text_of(take(number<uint32_t>())));
        return true;
      case op::kShortBinString:
        push_text(Kind::kText, text_of(take(number<uint8_t>())));
        return true;
      case op::kBinBytes:
        push_text(Kind::kBytes, text_of(take(number<uint32_t>())));
        return true;
      case op::kShortBinBytes:
        push_text(Kind::kBytes, text_of(take(number<uint8_t>())));
        return true;
      case op::kBinBytes8:
        push_text(Kind::kBytes, text_of(take(number<uint64_t>())));
        return true;
      case op::kByteArray8:
        push_text(Kind::kBytes, text_of(take(number<uint64_t>())));
        return true;
      case op::kUnicode:
      case op::kString: {
        const std::string text = line();
        const auto plain =
            opcode == op::kString ? detail::pickle_string(text) : detail::pickle_unicode(text);
        if (!plain) fail("a text is not written as Python writes it");
        push_text(Kind::kText, *plain);
        return true;
      }
      default:
        return false;
    }
  }

  bool step_container(uint8_t opcode) {
    switch (opcode) {
      case op::kEmptyTuple:
        push(add(Kind::kTuple));
        return true;
      case op::kEmptyList:
        push(add(Kind::kList));
        return true;
      case op::kEmptySet:
        push(add(Kind::kList));
        return true;
      case op::kEmptyDict:
        push(add(Kind::kDict));
        return true;
      case op::kTuple1:
        push(add(Kind::kTuple, pop_many(1)));
        return true;
      case op::kTuple2:
        push(add(Kind::kTuple, pop_many(2)));
        return true;
      case op::kTuple3:
        push(add(Kind::kTuple, pop_many(3)));
        return true;
      case op::kTuple:
        push(add(Kind::kTuple, pop_to_mark()));
        return true;
      case op::kList:
      case op::kFrozenSet:
        push(add(Kind::kList, pop_to_mark()));
        return true;
      case op::kDict: {
        auto items = pop_to_mark();
        if (items.size() % 2 != 0) fail("a key without a value");
        push(add(Kind::kDict, std::move(items)));
        return true;
      }
      case op::kAppend: {
        const auto item = pop_many(1);
        append_items(top(), item, Kind::kList);
        return true;
      }
      case op::kAppends:
      case op::kAddItems: {
        const auto items = pop_to_mark();
        append_items(top(), items, Kind::kList);
        return true;
      }
      case op::kSetItem: {
        const auto pair = pop_many(2);
        append_items(top(), pair, Kind::kDict);
        return true;
      }
      case op::kSetItems: {
        const auto items = pop_to_mark();
        append_items(top(), items, Kind::kDict);
        return true;
      }
      default:
        return false;
    }
  }

  bool step_stack(uint8_t opcode) {
    switch (opcode) {
      case op::kProto: {
        const auto version = number<uint8_t>();
        if (version > 5) fail("protocol {}; known are 0 to 5", version);
        return true;
      }
      case op::kFrame:
        number<uint64_t>();
        return true;  // a hint for readers of streams
      case op::kMark:
        mark();
        return true;
      case op::kPop:
        if (stack_.size() == floor() && !marks_.empty()) {
          marks_.pop_back();  // Python keeps marks on the same stack
        } else {
          pop();
        }
        return true;
      case op::kPopMark:
        pop_to_mark();
        return true;
      case op::kDup:
        push(top());
        return true;
      case op::kPut:
        remember(line_key());
        return true;
      case op::kBinPut:
        remember(number<uint8_t>());
        return true;
      case op::kLongBinPut:
        remember(number<uint32_t>());
        return true;
      case op::kMemoize:
        remember(static_cast<uint32_t>(memo_.size()));
        return true;
      case op::kGet:
        recall(line_key());
        return true;
      case op::kBinGet:
        recall(number<uint8_t>());
        return true;
      case op::kLongBinGet:
        recall(number<uint32_t>());
        return true;
      default:
        return false;
    }
  }

  bool step_object(uint8_t opcode) {
    switch (opcode) {
      case op::kGlobal: {
        std::string module = line();
        push_global(std::move(module), line());
        return true;
      }
      case op::kStackGlobal: {
        const auto pair = pop_many(2);
        for (const uint32_t part : pair) {
          if (out_[part].kind != Kind::kText) fail("a global whose name is not a text");
        }
        push_global(out_[pair[0]].text, out_[pair[1]].text);
        return true;
      }
      case op::kReduce:
      case op::kNewObj: {
        const auto pair = pop_many(2);
        push(call(pair[0], pair[1]));
        return true;
      }
      case op::kNewObjEx: {
        const auto three = pop_many(3);
        push(call(three[0], three[1]));
        return true;
      }
      case op::kInst: {
        std::string module = line();
        push_global(std::move(module), line());
        const uint32_t callee = pop_global();
        push(call(callee, add(Kind::kTuple, pop_to_mark())));
        return true;
      }
      case op::kObj: {
        auto items = pop_to_mark();
        if (items.empty()) fail("an object without a class");
        const uint32_t callee = items.front();
        items.erase(items.begin());
        push(call(callee, add(Kind::kTuple, std::move(items))));
        return true;
      }
      case op::kBuild:
        build();
        return true;
      case op::kBinPersId:
        push(add(Kind::kPersistent, {pop()}));
        return true;
      case op::kPersId: {
        push_text(Kind::kText, line());
        push(add(Kind::kPersistent, {pop()}));
        return true;
      }
      default:
        return false;
    }
  }

  // The global just pushed, which may stand above a mark.
  uint32_t pop_global() {
    const uint32_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
};

}  // namespace

Pickle parse_pickle(std::span<const uint8_t> bytes, const std::string& name,
                    const KnownGlobal& known) {
  return PickleReader(bytes, name, known).read();
}

}  // namespace likewise
