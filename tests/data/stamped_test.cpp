// Whether samples are what they were, told without decoding.
#include "data/stamped.hpp"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "data/fixtures.hpp"
#include "likewise/data/decoded_cache.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/subset.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

void make_old(const fs::path& path, int hours) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

TEST(FileStamp, TellsWhenAFileIsAnotherOne) {
  const TemporaryFolder folder;
  const fs::path a = folder.path() / "a", b = folder.path() / "b";
  EXPECT_EQ(detail::file_stamp(a), 0u) << "there is none";
  write_file(a, "one");
  EXPECT_EQ(detail::file_stamp(a), 0u) << "it may change again within the same tick";
  make_old(a, 1);
  const uint64_t first = detail::file_stamp(a);
  EXPECT_NE(first, 0u);
  EXPECT_EQ(detail::file_stamp(a), first);
  make_old(a, 2);
  EXPECT_NE(detail::file_stamp(a), first) << "the time counts";
  write_file(b, "two");
  make_old(b, 1);
  EXPECT_NE(detail::file_stamp(b), first) << "and which file it is";
}

TEST(Stamped, WrappersAskTheFilesAndMemoryHasNone) {
  const TemporaryFolder folder;
  for (int i = 0; i < 4; ++i) {
    const fs::path file = folder.path() / (std::to_string(i) + ".png");
    write_file(file, encode_png({2, 2, 1, std::vector<uint8_t>(4, static_cast<uint8_t>(i))}));
    make_old(file, i + 1);
  }
  const DatasetPtr data = open_dataset(folder.path().string());
  const uint64_t third = detail::stamp_of(*data, 2);
  EXPECT_EQ(third, detail::file_stamp(folder.path() / "2.png"));
  EXPECT_NE(third, detail::stamp_of(*data, 1));
  EXPECT_EQ(detail::stamp_of(*subset(decoded_cache(data, 1 << 20), {3, 2}), 1), third);
  EXPECT_EQ(detail::stamp_of(*memory_dataset(at::zeros({2, 1, 2, 2}, at::kByte)), 0), 0u);
}

}  // namespace
}  // namespace likewise
