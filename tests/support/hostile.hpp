#pragma once
// Damaged inputs: a reader may give a result or throw DataError, and nothing else.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "likewise/base/error.hpp"
#include "likewise/base/random.hpp"

namespace likewise {

using ByteReader = std::function<void(std::span<const uint8_t>)>;

// True when the reader refused. The bytes lie in their own heap block, so that a sanitizer sees a
// read past the end.
inline bool refuses(const ByteReader& reader, std::span<const uint8_t> bytes,
                    const std::string& what) {
  const std::vector<uint8_t> own(bytes.begin(), bytes.end());
  try {
    reader({own.data(), own.size()});
    return false;
  } catch (const DataError&) {
    return true;
  } catch (const std::exception& other) {
    ADD_FAILURE() << what << ": not a DataError but: " << other.what();
    return true;
  }
}

// Every proper prefix must be refused.
inline void expect_truncations_refused(const ByteReader& reader, std::span<const uint8_t> bytes,
                                       const std::string& what) {
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_TRUE(refuses(reader, bytes.first(n), what))
        << what << ": the first " << n << " of " << bytes.size() << " bytes were accepted";
  }
}

// Every proper prefix may be read or refused.
inline void expect_truncations_survived(const ByteReader& reader, std::span<const uint8_t> bytes,
                                        const std::string& what) {
  for (size_t n = 0; n < bytes.size(); ++n) refuses(reader, bytes.first(n), what);
}

// `rounds` copies with 1 to 8 bits flipped may be read or refused.
inline void expect_bit_flips_survived(const ByteReader& reader, std::span<const uint8_t> bytes,
                                      const std::string& what, int rounds = 300) {
  for (int round = 0; round < rounds; ++round) {
    Rng rng(20260101, {static_cast<uint64_t>(round)});
    std::vector<uint8_t> damaged(bytes.begin(), bytes.end());
    const int64_t flips = 1 + rng.below(8);
    for (int64_t i = 0; i < flips; ++i) {
      const auto bit = static_cast<size_t>(rng.below(static_cast<int64_t>(damaged.size()) * 8));
      damaged[bit / 8] = static_cast<uint8_t>(damaged[bit / 8] ^ (1u << (bit % 8)));
    }
    refuses(reader, damaged, what + ", damage " + std::to_string(round));
  }
}

// A folder of this test, emptied before and removed after.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            fmt::format("likewise-{}-{}", test->test_suite_name(), test->name());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace likewise
