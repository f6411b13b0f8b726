// Every kept input of the fuzzers, everything that once broke a reader, and damaged forms of both
// go through the readers: a result, a UserError or a DataError of one line, and nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "fuzz/targets.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "support/paths.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

struct Input {
  const FuzzTarget* target;
  fs::path path;
};

// tests/fuzz/corpus/TARGET/NAME and tests/hostile/files/TARGET-NAME.
std::vector<Input> kept_inputs(const FuzzTarget& target) {
  std::vector<Input> inputs;
  const fs::path tests = fs::path(source_folder()) / "tests";
  for (const auto& entry : fs::directory_iterator(tests / "fuzz" / "corpus" / target.name)) {
    inputs.push_back({&target, entry.path()});
  }
  const std::string prefix = std::string(target.name) + "-";
  if (fs::exists(tests / "hostile" / "files")) {
    for (const auto& entry : fs::directory_iterator(tests / "hostile" / "files")) {
      if (entry.path().filename().string().rfind(prefix, 0) == 0) {
        inputs.push_back({&target, entry.path()});
      }
    }
  }
  std::sort(inputs.begin(), inputs.end(),
            [](const Input& a, const Input& b) { return a.path < b.path; });
  return inputs;
}

void expect_survived(const FuzzTarget& target, std::span<const uint8_t> bytes,
                     const std::string& what) {
  const std::vector<uint8_t> own(bytes.begin(), bytes.end());  // a sanitizer sees its end
  try {
    run_fuzz_target(target, {own.data(), own.size()});
  } catch (const std::exception& error) {
    ADD_FAILURE() << target.name << ", " << what << ": " << error.what();
  }
}

class Corpus : public ::testing::TestWithParam<const char*> {};

TEST_P(Corpus, IsReadOrRefused) {
  const FuzzTarget& target = *find_fuzz_target(GetParam());
  const auto inputs = kept_inputs(target);
  ASSERT_FALSE(inputs.empty()) << "a target without a corpus";
  for (const auto& input : inputs) {
    expect_survived(target, read_bytes(input.path), input.path.filename().string());
  }
}

TEST_P(Corpus, IsSurvivedWhenDamaged) {
  const FuzzTarget& target = *find_fuzz_target(GetParam());
  for (const auto& input : kept_inputs(target)) {
    const auto bytes = read_bytes(input.path);
    const std::string name = input.path.filename().string();
    if (bytes.size() > 4096 || bytes.empty()) continue;
    for (int64_t round = 0; round < 60; ++round) {
      Rng rng(20260202, {static_cast<uint64_t>(round)});
      auto damaged = bytes;
      const auto at = [&] {
        return static_cast<size_t>(rng.below(static_cast<int64_t>(damaged.size())));
      };
      switch (round % 4) {
        case 0:
          damaged.resize(at());
          break;
        case 1:
          damaged[at()] ^= static_cast<uint8_t>(1 << rng.below(8));
          break;
        case 2:
          damaged[at()] = static_cast<uint8_t>(rng.below(256));
          break;
        case 3: {  // a piece twice
          const size_t from = at(), length = std::min<size_t>(damaged.size() - from, 40);
          const std::vector<uint8_t> piece(damaged.begin() + static_cast<int64_t>(from),
                                           damaged.begin() + static_cast<int64_t>(from + length));
          damaged.insert(damaged.begin() + static_cast<int64_t>(at()), piece.begin(), piece.end());
        }
      }
      expect_survived(target, damaged, name + ", damage " + std::to_string(round));
    }
  }
}

TEST_P(Corpus, NothingIsSurvived) {
  expect_survived(*find_fuzz_target(GetParam()), {}, "no bytes");
}

std::vector<const char*> names() {
  std::vector<const char*> out;
  for (const auto& target : fuzz_targets()) out.push_back(target.name);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Every, Corpus, ::testing::ValuesIn(names()),
                         [](const auto& target) { return std::string(target.param); });

}  // namespace
}  // namespace likewise
