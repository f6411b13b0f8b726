// Every opcode of protocols 0 to 5: what it makes, or that it is refused by its name.

#include "likewise/formats/pickle.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support/hostile.hpp"

namespace likewise {
namespace {

using namespace std::string_literals;

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// As Python would print it; calls as name(arguments)[state].
std::string shown(const Pickle& pickle, uint32_t index, int depth = 0) {
  if (depth > 8) return "...";
  const PickleValue& value = pickle[index];
  using Kind = PickleValue::Kind;
  const auto list = [&](const char* open, const char* close) {
    std::string out = open;
    for (size_t i = 0; i < value.items.size(); ++i) {
      out += (i ? ", " : "") + shown(pickle, value.items[i], depth + 1);
    }
    return out + close;
  };
  switch (value.kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return value.integer ? "True" : "False";
    case Kind::kInteger:
      return value.text.empty() ? std::to_string(value.integer) : "0x" + value.text;
    case Kind::kReal:
      return fmt::format("{}", value.real);
    case Kind::kText:
      return "'" + value.text + "'";
    case Kind::kBytes:
      return "b'" + value.text + "'";
    case Kind::kTuple:
      return list("(", ")");
    case Kind::kList:
      return list("[", "]");
    case Kind::kDict:
      return list("{", "}");
    case Kind::kGlobal:
      return value.text;
    case Kind::kCall:
      return "call" + list("<", ">");
    case Kind::kPersistent:
      return "persistent" + list("<", ">");
  }
  return "?";
}

bool knows_point(std::string_view global) { return global == "plain.Point"; }

std::string parsed(const std::string& bytes) {
  const Pickle pickle = parse_pickle(bytes_of(bytes), "memory", knows_point);
  EXPECT_EQ(pickle.size, bytes.size());
  return shown(pickle, pickle.root);
}

std::string refusal(const std::string& bytes) {
  try {
    return "read: " + parsed(bytes);
  } catch (const DataError& error) {
    return error.what();
  }
}

struct OpcodeCase {
  const char* name;  // as in pickletools
  std::string bytes, expected;
};

const std::vector<OpcodeCase>& handled() {
  static const std::vector<OpcodeCase> cases = {
      {"INT", "I-7\n.", "-7"},
      {"INT", "I01\n.", "True"},
      {"INT", "I00\n.", "False"},
      {"BININT", "J\xfe\xff\xff\xff.", "-2"},
      {"BININT1", "K\xff.", "255"},
      {"BININT2", "M\x01\x02.", "513"},
      {"LONG", "L-12345678901L\n.", "-12345678901"},
      {"LONG1", "\x8a\x02\xff\xff."s, "-1"},
      {"LONG1", "\x8a\x00."s, "0"},
      {"LONG1", "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."s, "-9223372036854775808"},
      {"LONG1", "\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x01."s, "0x018000000000000000"},
      {"LONG4", "\x8b\x01\x00\x00\x00\x05."s, "5"},
      {"STRING", "S'a\\x41\\n\\''\n.", "'aA\n''"},
      {"BINSTRING", "T\x02\x00\x00\x00hi."s, "'hi'"},
      {"SHORT_BINSTRING", "U\x02hi.", "'hi'"},
      {"BINBYTES", "B\x02\x00\x00\x00\x00\x01."s, "b'\0\1'"s},
      {"SHORT_BINBYTES", "C\x01z.", "b'z'"},
      {"BINBYTES8", "\x8e\x01\x00\x00\x00\x00\x00\x00\x00z."s, "b'z'"},
      {"BYTEARRAY8", "\x96\x01\x00\x00\x00\x00\x00\x00\x00z."s, "b'z'"},
      {"NONE", "N.", "None"},
      {"NEWTRUE", "\x88.", "True"},
      {"NEWFALSE", "\x89.", "False"},
      {"UNICODE", "Va\\u00e9\\U0001F600\xe9\n.", "'a\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9'"},
      {"SHORT_BINUNICODE", "\x8c\x02hi.", "'hi'"},
      {"BINUNICODE", "X\x02\x00\x00\x00hi."s, "'hi'"},
      {"BINUNICODE8", "\x8d\x02\x00\x00\x00\x00\x00\x00\x00hi."s, "'hi'"},
      {"FLOAT", "F-1.5\n.", "-1.5"},
      {"FLOAT", "Finf\n.", "inf"},
      {"FLOAT", "F1e-999\n.", "0"},
      {"FLOAT", "F-1e999\n.", "-inf"},
      {"BINFLOAT", "G\x3f\xf8\x00\x00\x00\x00\x00\x00."s, "1.5"},
      {"EMPTY_LIST", "].", "[]"},
      {"APPEND", "]Na.", "[None]"},
      {"APPENDS",
       "](K\x01K\x02"
       "e.",
       "[1, 2]"},
      {"LIST", "(K\x01K\x02l.", "[1, 2]"},
      {"EMPTY_TUPLE", ").", "()"},
      {"TUPLE", "(K\x01K\x02t.", "(1, 2)"},
      {"TUPLE1", "K\x01\x85.", "(1)"},
      {"TUPLE2", "K\x01K\x02\x86.", "(1, 2)"},
      {"TUPLE3", "K\x01K\x02K\x03\x87.", "(1, 2, 3)"},
      {"EMPTY_DICT", "}.", "{}"},
      {"DICT", "(K\x01Nd.", "{1, None}"},
      {"SETITEM", "}K\x01Ns.", "{1, None}"},
      {"SETITEMS", "}(K\x01NK\x02Nu.", "{1, None, 2, None}"},
      {"EMPTY_SET", "\x8f.", "[]"},
      {"ADDITEMS", "\x8f(K\x01\x90.", "[1]"},
      {"FROZENSET", "(K\x01\x91.", "[1]"},
      {"POP",
       "K\x01K\x02"
       "0.",
       "1"},
      {"POP", "K\x01(0.", "1"},
      {"DUP",
       "K\x01"
       "2\x86.",
       "(1, 1)"},
      {"MARK", "((t(tt.", "((), ())"},
      {"POP_MARK",
       "K\x01(K\x02K\x03"
       "1.",
       "1"},
      {"PUT", "K\x01p7\n0g7\n.", "1"},
      {"GET", "K\x01p7\nK\x02g7\n\x86\x86.", "(1, (2, 1))"},
      {"BINPUT",
       "K\x01q\x07"
       "0h\x07.",
       "1"},
      {"BINGET", "K\x01q\x07h\x07\x86.", "(1, 1)"},
      {"LONG_BINPUT",
       "K\x01r\x07\x00\x01\x00"
       "0j\x07\x00\x01\x00."s,
       "1"},
      {"LONG_BINGET", "K\x01r\x07\x00\x00\x00j\x07\x00\x00\x00\x86."s, "(1, 1)"},
      {"MEMOIZE", "K\x01\x94K\x02\x94h\x00\x87."s, "(1, 2, 1)"},
      {"GLOBAL", "cplain\nPoint\n.", "plain.Point"},
      {"STACK_GLOBAL", "\x8c\x05plain\x8c\x05Point\x93.", "plain.Point"},
      {"REDUCE", "cplain\nPoint\n(K\x01K\x02tR.", "call<plain.Point, (1, 2)>"},
      {"NEWOBJ", "cplain\nPoint\n)\x81.", "call<plain.Point, ()>"},
      {"NEWOBJ_EX", "cplain\nPoint\n)}\x92.", "call<plain.Point, ()>"},
      {"INST", "(K\x01iplain\nPoint\n.", "call<plain.Point, (1)>"},
      {"OBJ", "(cplain\nPoint\nK\x01o.", "call<plain.Point, (1)>"},
      {"BUILD", "cplain\nPoint\n)\x81}b.", "call<plain.Point, (), {}>"},
      {"PERSID", "Pabc\n.", "persistent<'abc'>"},
      {"BINPERSID", "K\x01Q.", "persistent<1>"},
      {"PROTO", "\x80\x05N.", "None"},
      {"FRAME", "\x95\x01\x00\x00\x00\x00\x00\x00\x00N."s, "None"},
      {"STOP", "N.", "None"},
  };
  return cases;
}

const std::map<std::string, std::string>& refused() {
  static const std::map<std::string, std::string> cases = {{"EXT1", "\x82\x01."},
                                                           {"EXT2", "\x83\x01\x01."},
                                                           {"EXT4", "\x84\x01\x01\x01\x01."},
                                                           {"NEXT_BUFFER", "\x97."},
                                                           {"READONLY_BUFFER", "N\x98."}};
  return cases;
}

TEST(Pickle, EveryOpcodeGivesItsValue) {
  for (const auto& [name, bytes, expected] : handled())
    EXPECT_EQ(refusal(bytes), "read: " + expected) << name;
  for (const auto& [name, bytes] : refused()) {
    EXPECT_NE(refusal(bytes).find("refused: opcode " + name), std::string::npos) << refusal(bytes);
  }
}

// pickletools of CPython 3.11 knows 68 opcodes: none is forgotten, and no other byte is taken.
TEST(Pickle, KnowsTheSixtyEightOpcodesAndNoOther) {
  std::set<std::string> names;
  std::set<uint8_t> known;
  for (const auto& test : handled()) names.insert(test.name);
  for (const auto& test : refused()) names.insert(test.first);
  EXPECT_EQ(names.size(), 68u);
  int unknown = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string message = refusal(std::string(1, static_cast<char>(byte)));
    unknown += message.find("unknown opcode") != std::string::npos;
  }
  EXPECT_EQ(unknown, 256 - 68);
}

TEST(Pickle, ContainersAreBuiltWhateverWayTheyAreWritten) {
  // OrderedDict of Python 3, of Python 2 (from a list of pairs), with state, by protocol 4.
  EXPECT_EQ(parsed("ccollections\nOrderedDict\n)R(U\x01"
                   "aK\x01u."),
            "{'a', 1}");
  EXPECT_EQ(parsed("ccollections\nOrderedDict\n(](](U\x01"
                   "aK\x01"
                   "eetR."),
            "{'a', 1}");
  EXPECT_EQ(parsed("ccollections\nOrderedDict\n)R}b."), "{}");
  EXPECT_EQ(parsed("\x8c\x0b"
                   "collections\x8c\x0bOrderedDict\x93)R."),
            "{}");
  EXPECT_EQ(parsed("ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R(U\x01"
                   "aNu."),
            "{'a', None}");
  EXPECT_EQ(parsed("ccollections\nCounter\n}(U\x01xK\x03u\x85R."), "{'x', 3}");
  EXPECT_EQ(parsed("c__builtin__\nset\n](K\x01K\x02"
                   "e\x85R."),
            "[1, 2]");
  EXPECT_EQ(parsed("cbuiltins\ntuple\n](K\x01"
                   "e\x85R."),
            "(1)");
  // What is put into an object of unknown inside is dropped.
  EXPECT_EQ(parsed("cplain\nPoint\n)\x81(U\x01"
                   "aK\x01u."),
            "call<plain.Point, ()>");
}

TEST(Pickle, NamesTheFunctionThatAFileWouldRun) {
  // What pickle.dumps gives for an object whose __reduce__ is (os.system, ("echo",)).
  EXPECT_NE(refusal("cposix\nsystem\n(U\x04"
                    "echotR.")
                .find("refused: the file names 'posix.system'"),
            std::string::npos);
  EXPECT_NE(refusal("(U\x04"
                    "echoios\nsystem\n.")
                .find("'os.system'"),
            std::string::npos);
  EXPECT_NE(refusal("\x8c\x08"
                    "builtins\x8c\x04"
                    "eval\x93.")
                .find("'builtins.eval'"),
            std::string::npos);
  EXPECT_NE(refusal("c__builtin__\ngetattr\n.").find("'builtins.getattr'"), std::string::npos);
  EXPECT_NE(refusal("c__builtin__\nexec\n.").find("'builtins.exec'"), std::string::npos);
  // A name is compared whole.
  EXPECT_NE(refusal("ccollections\nOrderedDict.x\n.").find("refused"), std::string::npos);
  EXPECT_NE(refusal("cplain.Point\nx\n.").find("refused"), std::string::npos);
  // Without a list only containers are known.
  EXPECT_THROW(parse_pickle(bytes_of("cplain\nPoint\n."), "memory"), DataError);
}

TEST(Pickle, MisuseIsAnErrorAndNothingElse) {
  for (const std::string& bytes : {""s,
                                   "."s,
                                   "0."s,
                                   "2."s,
                                   "a."s,
                                   "Na."s,
                                   "t."s,
                                   "(."s,
                                   "(0."s,
                                   "1."s,
                                   "s."s,
                                   "NNNs."s,
                                   "}Ns."s,
                                   "}(Nu."s,
                                   "(Nd."s,
                                   "]Nb"s,
                                   "R."s,
                                   "NNR."s,
                                   "cplain\nPoint\nNR."s,
                                   "NN\x93."s,
                                   "\x8c\x01xN\x93."s,
                                   "h\x01."s,
                                   "g7\n."s,
                                   "gx\n."s,
                                   "g\n."s,
                                   "g-1\n."s,
                                   "p1\n."s,
                                   "q\x01."s,
                                   "\x94."s,
                                   "Q."s,
                                   "(o."s,
                                   "(No."s,
                                   "b."s,
                                   "Nb."s,
                                   "NNb."s,
                                   "\x80\x06N."s,
                                   "Ix\n."s,
                                   "I\n."s,
                                   "I1"s,
                                   "L99999999999999999999L\n."s,
                                   "Fx\n."s,
                                   "F\n."s,
                                   "Sab\n."s,
                                   "S'a\n."s,
                                   "S'\\\n."s,
                                   "S'\\q'\n."s,
                                   "S'\\xZZ'\n."s,
                                   "V\\u12\n."s,
                                   "V\\UFFFFFFFF\n."s,
                                   "X\xff\xff\xff\xff."s,
                                   "\x8d\xff\xff\xff\xff\xff\xff\xff\xff."s,
                                   "\x8a\x05\x01."s,
                                   "T\x00\x00\x00\x80."s,
                                   "cplain\n"s,
                                   "cplain\nPoint"s,
                                   "(i\n"s,
                                   "]]s."s,
                                   "]NNs."s,
                                   "}Na."s,
                                   "ccollections\nOrderedDict\n]NaaR."s,
                                   "ccollections\nOrderedDict\n](Ne\x85R."s,
                                   "c" + std::string(2000, 'x') + "\ny\n."}) {
    EXPECT_TRUE(
        refuses([](auto b) { parse_pickle(b, "memory", knows_point); }, bytes_of(bytes), bytes))
        << bytes << " gave " << refusal(bytes);
  }
}

TEST(Pickle, LoopsAndDepthAreData) {
  EXPECT_EQ(parsed("]q\x01h\x01"
                   "a."),
            "[[[[[[[[[...]]]]]]]]]");  // a list in itself
  // 100,000 lists, one in the other: no recursion, so no stack to overflow.
  const size_t depth = 100'000;
  const Pickle deep =
      parse_pickle(bytes_of(std::string(depth, ']') + std::string(depth - 1, 'a') + "."), "memory");
  EXPECT_EQ(deep.values.size(), depth);
}

TEST(Pickle, LimitsHold) {
  const auto limited = [](const std::string& bytes, const char* what) {
    EXPECT_NE(refusal(bytes).find(what), std::string::npos) << refusal(bytes).substr(0, 200);
  };
  limited(std::string(10'001, '('), "more than 10000 marks");
  limited(std::string(4'000'001, 'N'), "more than 4000000 values");
  limited("N" + std::string(4'000'001, '2'), "a stack of more than 4000000");
  // A list that is copied again and again by calls.
  std::string copies = "c__builtin__\nlist\n](";
  for (int i = 0; i < 3000; ++i) copies += "N";
  copies += "e\x85q\x00"s;
  for (int i = 0; i < 3000; ++i) copies += "Rc__builtin__\nlist\nh\x00"s;
  limited(copies + "R.", "more than 4000000 items");
}

TEST(Pickle, DamageGivesAnErrorAndNothingElse) {
  std::string all = "\x80\x05(";
  for (const auto& test : handled()) {
    if (test.name != "MEMOIZE"s) all += test.bytes.substr(0, test.bytes.size() - 1);
  }
  all += "t.";
  const auto reader = [](std::span<const uint8_t> b) { parse_pickle(b, "memory", knows_point); };
  EXPECT_FALSE(refuses(reader, bytes_of(all), "all opcodes"));
  expect_truncations_refused(reader, bytes_of(all), "all opcodes");
  expect_bit_flips_survived(reader, bytes_of(all), "all opcodes", 5000);
}

}  // namespace
}  // namespace likewise
