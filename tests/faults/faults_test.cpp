// Every call to the system that fails, at every place, in the readers and writers that are free of
// libtorch: a whole file or the old one, no leftovers, one clear sentence.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>

#include "data/cache_file.hpp"
#include "faults/shim.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/formats/gzip.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/safetensors.hpp"
#include "likewise/formats/tar.hpp"
#include "likewise/formats/tfevents.hpp"
#include "likewise/report/report.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;
using faults::Action;
using faults::Kind;

struct Work {
  const char* name;
  std::function<void(const fs::path& folder)> run;
};

const std::vector<uint8_t>& some_bytes() {
  static const std::vector<uint8_t> bytes(100000, 7);
  return bytes;
}

// Each makes or replaces folder/sub/file from the same content.
std::vector<Work> writers() {
  return {{"file", [](const fs::path& f) { write_file(f / "sub/file", some_bytes()); }},
          {"pieces",
           [](const fs::path& f) {
             write_file(f / "sub/file", [](const Sink& sink) {
               for (int i = 0; i < 5; ++i)
                 sink(std::vector<uint8_t>(1000, static_cast<uint8_t>(i)));
             });
           }},
          {"checkpoint",
           [](const fs::path& f) {
             write_safetensors(f / "sub/file",
                               {{"model.w", "U8", {100000}, some_bytes()},
                                {"model.b", "U8", {10}, std::span(some_bytes()).first(10)}},
                               {{"step", "7"}});
           }},
          {"array",
           [](const fs::path& f) {
             write_file(f / "sub/file", write_npy({"u1", {100000}, some_bytes()}));
           }},
          {"report", [](const fs::path& f) { write_report(f / "run", f / "sub/file"); }}};
}

// Each reads folder/NAME and fails when the content is not what prepare() wrote.
std::vector<Work> readers() {
  const auto same = [](bool equal) {
    if (!equal) throw std::logic_error("other content than was written");
  };
  return {{"bytes", [=](const fs::path& f) { same(read_bytes(f / "in.bin") == some_bytes()); }},
          {"checkpoint",
           [=](const fs::path& f) {
             same(SafetensorsFile(f / "in.safetensors").bytes("w").size() == 10);
           }},
          {"array",
           [=](const fs::path& f) { same(read_npy_file(f / "in.npy").bytes == some_bytes()); }},
          {"table", [=](const fs::path& f) { same(read_csv_file(f / "in.csv").rows.size() == 1); }},
          {"image", [=](const fs::path& f) { same(read_image(f / "in.png").pixels.size() == 12); }},
          {"gzip", [=](const fs::path& f) { same(gunzip_file(f / "in.bin") == some_bytes()); }},
          {"shard", [=](const fs::path& f) {
             const TarFile tar(f / "in.tar");
             same(tar.read(tar.entries().at(0)).size() == 5);
           }}};
}

void prepare(const fs::path& folder) {
  fs::create_directories(folder / "run");
  write_file(folder / "run/run.toml", std::string_view("seed = 3\n"));
  write_file(folder / "in.bin", some_bytes());
  write_safetensors(folder / "in.safetensors",
                    {{"w", "U8", {10}, std::span(some_bytes()).first(10)}});
  write_file(folder / "in.npy", write_npy({"u1", {100000}, some_bytes()}));
  write_file(folder / "in.csv", std::string_view("path,label\na,b\n"));
  write_file(folder / "in.png", encode_png({2, 2, 3, std::vector<uint8_t>(12, 9)}));
  std::vector<uint8_t> tar(2048);
  const char* fields[] = {"a.jpg", "00000000005"};
  std::memcpy(tar.data(), fields[0], 5);
  std::memcpy(&tar[124], fields[1], 11);
  tar[156] = '0';
  std::memset(&tar[148], ' ', 8);
  unsigned sum = 0;
  for (int i = 0; i < 512; ++i) sum += tar[static_cast<size_t>(i)];
  std::snprintf(reinterpret_cast<char*>(&tar[148]), 8, "%06o", sum);
  write_file(folder / "in.tar", tar);
}

int64_t leftovers(const fs::path& folder) {
  int64_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    count += entry.path().filename().string().find(".tmp-") != std::string::npos;
  }
  return count;
}

enum class Outcome { done, refused, memory };

struct Attempt {
  Outcome outcome = Outcome::done;
  std::string message;
  bool reached = false;  // the call that was to fail was made
};

// Runs `work` with the at-th call of a kind failing. Nothing fails any more when its message is
// copied.
Attempt attempt(const Work& work, const fs::path& folder, Kind kind, Action action, int64_t at) {
  Attempt made;
  const std::string root = folder.string();
  faults::arm(root, kind, action, at);
  try {
    work.run(folder);
    made.reached = faults::disarm() >= at;
  } catch (const Error& error) {
    made.reached = faults::disarm() >= at;
    if (error.exit_code() == 70) throw;
    made.outcome = Outcome::refused;
    made.message = error.what();
  } catch (const std::bad_alloc&) {
    made.reached = faults::disarm() >= at;
    made.outcome = Outcome::memory;
  }
  return made;
}

// Runs `body` in a child; its wait status.
int in_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return status;
}

// The same in a child, for what ends the whole process: the parsers of TOML and JSON that we use
// have functions that may not throw in which they allocate.
Attempt attempt_in_child(const Work& work, const fs::path& folder, Kind kind, Action action,
                         int64_t at) {
  const int status = in_child([&] {
    ::close(STDERR_FILENO);  // which says std::bad_alloc
    const Attempt made = attempt(work, folder, kind, action, at);
    ::_exit(static_cast<int>(made.outcome) + (made.reached ? 4 : 0));
  });
  if (!WIFEXITED(status)) return {Outcome::memory, "", true};
  return {static_cast<Outcome>(WEXITSTATUS(status) & 3), "", WEXITSTATUS(status) >= 4};
}

// A page about a run of which a file could not be read says so; it is whole all the same.
bool is_page_with_a_problem(const std::string& text, const fs::path& folder) {
  const std::string run = (folder / "run").string();
  return text.ends_with("</html>\n") && (text.find("cannot open " + run) != std::string::npos ||
                                         text.find("cannot read " + run) != std::string::npos);
}

class Faults : public ::testing::Test {
 protected:
  void SetUp() override { prepare(folder()); }
  const fs::path& folder() const { return temporary_.path(); }
  fs::path file() const { return folder() / "sub/file"; }

  // Puts the old state in place: a file, or no folder at all.
  void reset(bool old) const {
    fs::remove_all(folder() / "sub");
    // Not by write_file: the children of this process would take the folder for swept.
    if (!old) return;
    fs::create_directories(folder() / "sub");
    std::ofstream(file()) << "old";
  }

 private:
  TemporaryFolder temporary_;
};

TEST_F(Faults, OfWritersLeaveTheOldFileOrTheNewOne) {
  int64_t points = 0;
  const fs::path root = folder();
  for (const Work& work : writers()) {
    reset(false);
    work.run(root);
    const std::string fresh = read_text(file());
    const bool is_report = std::string_view(work.name) == "report";
    for (const bool old : {true, false}) {
      for (const Kind kind :
           {Kind::open, Kind::write, Kind::sync, Kind::rename, Kind::mkdir, Kind::memory}) {
        for (const Action action : {Action::enospc, Action::eio, Action::eintr, Action::cut}) {
          const bool bytes_only = action == Action::cut, memory = kind == Kind::memory;
          if ((bytes_only && kind != Kind::write) || (memory && action != Action::eio)) continue;
          // All places; of thousands of allocations every fiftieth part.
          for (int64_t at = 1;; at += memory ? 1 + at / 50 : 1) {
            reset(old);
            const std::string what =
                fmt::format("{}, {} {} with action {}, old file: {}", work.name,
                            faults::kind_name(kind), at, static_cast<int>(action), old);
            Attempt made;
            const auto& run = memory && is_report ? attempt_in_child : attempt;
            ASSERT_NO_THROW(made = run(work, root, kind, action, at)) << what;
            const auto& [outcome, message, reached] = made;
            const std::string now = fs::exists(file()) ? read_text(file()) : "";
            const bool is_new = now == fresh || (is_report && is_page_with_a_problem(now, root));
            ASSERT_TRUE(is_new || now == (old ? "old" : "")) << what << ": neither old nor new";
            ASSERT_EQ(leftovers(folder()), 0) << what;
            ASSERT_TRUE(outcome != Outcome::done || is_new) << what << ": " << message;
            if (outcome == Outcome::refused && !memory) {
              const int reason = action == Action::enospc ? ENOSPC
                                 : action == Action::eio  ? EIO
                                                          : EINTR;
              ASSERT_NE(message.find("cannot "), std::string::npos) << what << ": " << message;
              ASSERT_NE(message.find(std::strerror(reason)), std::string::npos)
                  << what << ": " << message;
            }
            // A call that was interrupted or did half of its work is no failure.
            if (bytes_only ||
                (action == Action::eintr && (kind == Kind::write || kind == Kind::open))) {
              ASSERT_EQ(outcome, Outcome::done) << what << ": " << message;
            }
            if (!reached) break;
            ++points;
          }
        }
      }
    }
  }
  std::cout << points << " points of failure\n";
  EXPECT_GT(points, 500);
}

TEST_F(Faults, OfReadersAreNamedAndInterruptionsAreNone) {
  int64_t points = 0;
  const fs::path root = folder();
  for (const Work& work : readers()) {
    work.run(root);
    for (const Kind kind : {Kind::open, Kind::read, Kind::memory}) {
      for (const Action action : {Action::eio, Action::eintr, Action::cut}) {
        if (kind != Kind::read && action == Action::cut) continue;
        if (kind == Kind::memory && action != Action::eio) continue;
        for (int64_t at = 1;; ++at) {
          const std::string what =
              fmt::format("{}, {} {} with action {}", work.name, faults::kind_name(kind), at,
                          static_cast<int>(action));
          Attempt made;
          const auto& run = kind == Kind::memory ? attempt_in_child : attempt;
          ASSERT_NO_THROW(made = run(work, root, kind, action, at)) << what;
          const auto& [outcome, message, reached] = made;
          if (outcome == Outcome::refused && kind != Kind::memory) {
            ASSERT_NE(message.find((folder() / "in").string()), std::string::npos)
                << what << ": " << message;
          }
          if (reached && action == Action::eio && kind != Kind::memory) {
            ASSERT_EQ(outcome, Outcome::refused) << what;
          }
          ASSERT_TRUE(action != Action::cut || outcome == Outcome::done) << what << ": " << message;
          if (!reached) break;
          ++points;
        }
      }
    }
  }
  std::cout << points << " points of failure\n";
  EXPECT_GT(points, 50);
}

TEST_F(Faults, AKillAtAnyMomentLeavesAWholeFileAndTheNextWriterTidiesUp) {
  int64_t kills = 0;
  const fs::path root = folder();
  for (const Work& work : writers()) {
    reset(false);
    in_child([&] { work.run(root); });
    const std::string fresh = read_text(file());
    for (const Kind kind : {Kind::open, Kind::write, Kind::sync, Kind::rename}) {
      for (const Action action : {Action::kill, Action::half, Action::after}) {
        if (action == Action::half && kind != Kind::write) continue;
        for (int64_t at = 1;; ++at) {
          reset(true);
          const std::string what =
              fmt::format("{}, {} {} with action {}", work.name, faults::kind_name(kind), at,
                          static_cast<int>(action));
          const int status = in_child([&] {
            faults::arm(folder().string(), kind, action, at);
            work.run(root);
          });
          if (!WIFSIGNALED(status)) break;
          ++kills;
          const std::string now = read_text(file());
          ASSERT_TRUE(now == fresh || now == "old") << what << ": neither old nor new";
          ASSERT_LE(leftovers(folder()), 1) << what;
          in_child([&] { work.run(root); });
          ASSERT_EQ(read_text(file()), fresh) << what;
          ASSERT_EQ(leftovers(folder()), 0) << what << ": the next writer did not tidy up";
        }
      }
    }
  }
  std::cout << kills << " kills\n";
  EXPECT_GT(kills, 50);
}

TEST_F(Faults, OfCachesAreNoErrors) {
  ::setenv("LIKEWISE_CACHE", (folder() / "cache").c_str(), 1);
  for (const Kind kind :
       {Kind::open, Kind::read, Kind::write, Kind::sync, Kind::rename, Kind::mkdir}) {
    for (const Action action : {Action::enospc, Action::eio, Action::eintr}) {
      for (int64_t at = 1; at < 40; ++at) {
        fs::remove_all(folder() / "cache");
        faults::arm(folder().string(), kind, action, at);
        ASSERT_NO_THROW(detail::write_cache("index.bin", "tag", some_bytes()));
        const auto kept = detail::read_cache("index.bin", "tag");
        const bool reached = faults::disarm() >= at;
        ASSERT_TRUE(!kept || *kept == some_bytes());
        ASSERT_EQ(leftovers(folder()), 0);
        if (!reached) {
          ASSERT_TRUE(kept);
          break;
        }
      }
    }
  }
  ::unsetenv("LIKEWISE_CACHE");
}

TEST_F(Faults, OfCurvesAreNamed) {
  for (const Action action : {Action::enospc, Action::eio}) {
    EventWriter events(folder() / "events", 1.0);
    events.scalar("loss", 1, 2.0, 1.0);
    faults::arm(folder().string(), Kind::write, action, 1);
    // The file was opened before: its descriptor is not watched any more, so a new one is made.
    EventWriter later(folder() / "later", 1.0);
    later.scalar("loss", 1, 2.0, 1.0);
    EXPECT_THROW(later.flush(), UserError);
    faults::disarm();
    fs::remove(folder() / "events");
    fs::remove(folder() / "later");
  }
}

}  // namespace
}  // namespace likewise
