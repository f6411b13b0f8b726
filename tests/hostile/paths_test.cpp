// Paths that are not what they should be: what reading and writing them says.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/mapped_file.hpp"
#include "likewise/formats/safetensors.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

template <class ErrorType, class Work>
void expect_refused(const Work& work, const std::string& message) {
  try {
    work();
    ADD_FAILURE() << "it was accepted; expected: " << message;
  } catch (const ErrorType& error) {
    EXPECT_EQ(std::string(error.what()), message);
  }
}

void put(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

int64_t entries_of(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(HostilePaths, WhatCannotBeReadIsNamedWithItsReason) {
  const TemporaryFolder folder;
  const fs::path loop = folder / "loop", pipe = folder / "pipe", inside = folder / "inside";
  fs::create_symlink(loop, loop);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_directory(inside);
  put(folder / "file", "x");
  const std::vector<std::pair<fs::path, std::string>> cases = {
      {folder / "none",
       "cannot open " + (folder / "none").string() + ": No such file or directory"},
      {loop, "cannot open " + loop.string() + ": Too many levels of symbolic links"},
      {pipe, "cannot read " + pipe.string() + ": it is a named pipe"},
      {inside, "cannot read " + inside.string() + ": it is a folder"},
      {folder / "file/x", "cannot open " + (folder / "file/x").string() + ": Not a directory"},
      {folder / std::string(300, 'n'),
       "cannot open " + (folder / std::string(300, 'n')).string() + ": File name too long"}};
  for (const auto& [path, message] : cases) {
    const fs::path& name = path;
    expect_refused<DataError>([&] { read_bytes(name); }, message);
    expect_refused<DataError>([&] { read_image(name); }, message);
  }
  for (const auto& name : {pipe, inside}) {
    expect_refused<DataError>([&] { MappedFile{name}; },
                              "cannot read " + name.string() + ": it is not a regular file");
    expect_refused<DataError>([&] { SafetensorsFile{name}; },
                              "cannot read " + name.string() + ": it is not a regular file");
  }
}

TEST(HostilePaths, AnUnreadableFileIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder folder;
  put(folder / "secret", "x");
  ::chmod((folder / "secret").c_str(), 0);
  expect_refused<DataError>([&] { read_bytes(folder / "secret"); },
                            "cannot open " + (folder / "secret").string() + ": Permission denied");
}

TEST(HostilePaths, NamesOfAnyBytesAreReadAndShownInOneLine) {
  const TemporaryFolder folder;
  const fs::path odd = folder / "a\xff\xfe b\n\x1b[31m.txt";
  put(odd, "hello");
  EXPECT_EQ(read_text(odd), "hello");
  try {
    decode_image({}, odd.string());
    ADD_FAILURE();
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(message.find('\x1b'), std::string::npos) << message;
    EXPECT_NE(message.find("b\\n\\x1b[31m.txt"), std::string::npos) << message;
  }
}

TEST(HostilePaths, APipeOfTheShellIsRead) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "seed = 3\n", 9), 9);
  ::close(ends[1]);
  EXPECT_EQ(read_text("/dev/fd/" + std::to_string(ends[0])), "seed = 3\n");
  ::close(ends[0]);
}

TEST(HostilePaths, ASizeThatMemoryDoesNotHoldIsSaid) {
  const TemporaryFolder folder;
  put(folder / "sparse", "");
  if (::truncate((folder / "sparse").c_str(), int64_t{1} << 43) != 0) {
    GTEST_SKIP() << "no files of 8 TB here";
  }
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer ends the process at such an allocation";
#endif
  expect_refused<DataError>([&] { read_bytes(folder / "sparse"); },
                            "cannot read " + (folder / "sparse").string() +
                                ": its 8796093022208 bytes do not fit into memory");
}

TEST(HostilePaths, WritingFollowsLinksAndKeepsPermissions) {
  const TemporaryFolder folder;
  put(folder / "real", "old");
  ::chmod((folder / "real").c_str(), 0600);
  fs::create_symlink("real", folder / "link");
  write_file(folder / "link", std::string_view("new"));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_text(folder / "real"), "new");
  EXPECT_EQ(fs::status(folder / "real").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(entries_of(folder.path()), 2);
}

TEST(HostilePaths, WhatCannotBeWrittenIsNamedAndLeavesNothing) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "inside");
  fs::create_symlink(folder / "loop", folder / "loop");
  fs::create_symlink(folder / "none", folder / "dangling");
  put(folder / "file", "x");
  const int64_t before = entries_of(folder.path());
  const auto write = [](const fs::path& path) { write_file(path, std::string_view("text")); };
  expect_refused<UserError>([&] { write(folder / "inside"); },
                            "cannot write " + (folder / "inside").string() + ": it is a folder");
  for (const char* name : {"loop", "dangling"}) {
    expect_refused<UserError>(
        [&] { write(folder / name); },
        "cannot write " + (folder / name).string() + ": its symbolic link leads nowhere");
  }
  expect_refused<UserError>(
      [&] { write(folder / "file/x"); },
      "cannot make the folder " + (folder / "file").string() + ": Not a directory");
  EXPECT_EQ(entries_of(folder.path()), before);
}

TEST(HostilePaths, ADeviceIsWrittenToAndNotReplaced) {
  write_file("/dev/null", std::string_view("text"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(HostilePaths, LeftoversOfKilledWritersAreSweptAndThoseOfLivingOnesAreNot) {
  const TemporaryFolder folder;
  put(folder / ".last.safetensors.tmp-likewise-1-0", "half");
  put(folder / "notes.tmp-likewise-1-0", "somebody's own");
  // A writer in the middle of its work, seen from the first write of this process to the folder.
  write_file(folder / "outer", [&](const Sink& sink) {
    sink(std::vector<uint8_t>{'a'});
    EXPECT_EQ(entries_of(folder.path()), 2);  // its own neighbour, the notes
    write_file(folder / "inner", std::string_view("b"));
  });
  EXPECT_EQ(read_text(folder / "outer"), "a");
  EXPECT_EQ(read_text(folder / "inner"), "b");
  EXPECT_EQ(entries_of(folder.path()), 3);
  EXPECT_TRUE(fs::exists(folder / "notes.tmp-likewise-1-0"));
}

}  // namespace
}  // namespace likewise
