// Surroundings that change under the program's feet: folders that move, files that vanish, a second
// process, files that are none. Each has a clear outcome.
#include "support/hostile.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/random.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/formats/safetensors.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;

class HostileJob : public ::testing::Test {
 protected:
  HostileJob() {
    Rng rng(5);
    for (int i = 0; i < 12; ++i) {
      Image image{16, 16, 1, std::vector<uint8_t>(256)};
      for (auto& pixel : image.pixels) pixel = static_cast<uint8_t>(rng.below(256));
      write_file(fs::path(data()) / (std::to_string(i) + ".png"), encode_png(image));
    }
  }
  fs::path folder() const { return temporary_.path(); }
  std::string data() const { return (folder() / "data").string(); }
  std::string out() const { return (folder() / "run").string(); }
  std::string words(const std::string& more) const {
    return "pretrain --data " + data() + " --out " + out() +
           " --batch 4 --encoder.name small --encoder.width 4 --views.size 16 --health.samples 0 "
           "--progress lines --threads 1 " +
           more;
  }

  // Starts the program, waits for its first checkpoint, runs `meanwhile`, waits for the end: the
  // shell's PID is the program's.
  ProgramResult while_it_runs(const std::string& more, const std::string& meanwhile) const {
    const std::string log = (folder() / "log").string();
    write_file(folder() / "script.sh",
               std::string("\"") + program_file() + "\" " + words(more) + " >" + log +
                   " 2>&1 &\npid=$!\n" + "for i in $(seq 600); do [ ! -e " + out() +
                   "/checkpoints/last.safetensors ] || break; sleep 0.1; done\n" + meanwhile +
                   "\nwait $pid; code=$?\ncat " + log + "\nexit $code\n");
    return run_shell("timeout 150 bash " + (folder() / "script.sh").string() + " 2>&1");
  }

 private:
  TemporaryFolder temporary_;
};

TEST_F(HostileJob, ASecondProcessIsRefusedByName) {
  const RunLock held(out());
  expect_error(run_program(words("--steps 1")), 2, "another likewise is writing to " + out());
  EXPECT_FALSE(fs::exists(out() + "/run.toml"));
}

TEST_F(HostileJob, TheLockOfAKilledProcessIsNone) {
  const auto killed = while_it_runs("--steps 1000000 --checkpoint.steps 2", "kill -9 $pid");
  EXPECT_EQ(killed.code, 137) << killed.output;
  EXPECT_TRUE(fs::exists(out() + "/.lock"));
  const auto again = run_program(words("--steps 2 --overwrite"));
  EXPECT_EQ(again.code, 0) << again.output;
  for (const auto& entry : fs::recursive_directory_iterator(out())) {
    EXPECT_EQ(entry.path().filename().string().find(".tmp-"), std::string::npos) << entry.path();
  }
}

// Waits (in the script's shell) until `file` is another one than now.
std::string until_written_anew(const std::string& file) {
  return "before=$(stat -c %i.%Y " + file + ")\nfor i in $(seq 600); do [ \"$(stat -c %i.%Y " +
         file + ")\" = \"$before\" ] || break; sleep 0.05; done\n";
}

TEST_F(HostileJob, ARunFolderThatIsRenamedIsFollowed) {
  const std::string moved = (folder() / "moved").string();
  const std::string last = moved + "/checkpoints/last.safetensors";
  const auto result = while_it_runs("--steps 1000000 --checkpoint.steps 2",
                                    "mv " + out() + " " + moved + "\n" + until_written_anew(last) +
                                        until_written_anew(last) + "kill -TERM $pid");
  EXPECT_NE(result.output.find("the run folder " + out() + " is now " + moved), std::string::npos)
      << result.code << ": " << result.output;
  EXPECT_FALSE(fs::exists(out())) << "something was written under the old name";
  // What lies there is whole: the checkpoint, the curves up to its step, and the run goes on.
  const std::string step = SafetensorsFile(last).metadata().at("step");
  EXPECT_GT(std::stoll(step), 2);
  EXPECT_NE(read_text(moved + "/metrics.jsonl").find("\"step\":"), std::string::npos);
  const auto page = run_program("report " + moved);
  EXPECT_EQ(page.code, 0) << page.output;
  const auto other = run_program("embed --run " + moved + " --data " + data() + " --out " + moved +
                                 "/features.npy --threads 1");
  EXPECT_EQ(other.code, 0) << other.output;
}

TEST_F(HostileJob, ARunFolderThatIsRemovedEndsTheRun) {
  const auto result = while_it_runs("--steps 1000000 --checkpoint.steps 2",
                                    "kill -STOP $pid\nrm -rf " + out() + "\nkill -CONT $pid");
  expect_error(result, 2, "the run folder " + out() + " was removed");
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(HostileJob, AnImageThatVanishesIsNamedAndLeftOut) {
  const std::string gone = data() + "/3.png", last = out() + "/checkpoints/last.safetensors";
  std::string epochs;  // of three steps each: a checkpoint every second step
  for (int i = 0; i < 4; ++i) epochs += until_written_anew(last);
  const auto result = while_it_runs("--steps 1000000 --checkpoint.steps 2 --data.cache_mb 0",
                                    "rm " + gone + "\n" + epochs + "kill -TERM $pid");
  EXPECT_NE(result.output.find("1 broken images were left out; the first: cannot open " + gone),
            std::string::npos)
      << result.code << ": " << result.output;
}

// The computer's clock goes back by an hour at every look at it.
TEST_F(HostileJob, AClockThatGoesBackwardsChangesNothing) {
  const fs::path shim = fs::path(program_file()).parent_path() / "tests" / "liblikewise_faults.so";
  if (!fs::exists(shim)) GTEST_SKIP() << "built without " << shim;
  const std::string options = "--steps 4 --checkpoint.steps 2 --precision fp32";
  ASSERT_EQ(run_program(words(options)).code, 0);
  const fs::path last = fs::path(out()) / "checkpoints" / "last.safetensors";
  const auto expected = read_bytes(last);
  fs::rename(out(), folder() / "straight");
  const auto result = run_shell("LD_PRELOAD=" + shim.string() + " LIKEWISE_FAULT_CLOCK=1 \"" +
                                program_file() + "\" " + words(options) + " 2>&1");
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(read_bytes(last), expected);
  std::istringstream lines(read_text(out() + "/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line);
    if (record.contains("elapsed")) {
      EXPECT_GE(record["elapsed"].get<double>(), 0) << line;
      EXPECT_LT(record["elapsed"].get<double>(), 1000) << line;
    }
  }
}

TEST_F(HostileJob, AMappedFileThatShrinksIsSaid) {
  const auto result = while_it_runs("--steps 1000000 --checkpoint.steps 2", "kill -BUS $pid");
  expect_error(result, 3, "a file that is being read became shorter");
}

TEST_F(HostileJob, WhatIsNoFileIsNoImage) {
  const fs::path images = data();
  ASSERT_EQ(::mkfifo((images / "pipe.png").c_str(), 0600), 0);
  fs::create_symlink("loop.png", images / "loop.png");
  fs::create_symlink("..", images / "up");
  fs::create_directory(images / "folder.png");
  write_file(images / "empty.png", std::string_view());
  fs::copy_file(images / "0.png", images / "odd \xff\xfe\n\x1b[31m.png");
  const auto result = run_program(words("--epochs 1"));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("1 broken images were left out; the first: "), std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("empty.png"), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find('\x1b'), std::string::npos) << result.output;
  // Whatever a file is called, the page is text.
  const std::string page = read_text(out() + "/report.html");
  EXPECT_NO_THROW(nlohmann::json(page).dump()) << "the report is not UTF-8";
}

TEST_F(HostileJob, APipeIsNoListAndNoModel) {
  const fs::path pipe = folder() / "pipe.csv";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const auto list = run_program("pretrain --steps 1 --out " + out() + " --data " + pipe.string());
  EXPECT_EQ(list.code, 2) << list.output;
  const auto options = run_program("pretrain @" + pipe.string());
  expect_error(options, 2, "it is a named pipe");
  const auto model = run_program("predict --model " + pipe.string() + " --data glyphs");
  expect_error(model, 3, "it is not a regular file");
}

TEST_F(HostileJob, ACheckpointWithNonsenseInItIsRefusedByName) {
  ASSERT_EQ(run_program(words("--steps 1")).code, 0);
  const fs::path file = fs::path(out()) / "checkpoints" / "last.safetensors";
  const SafetensorsFile whole(file);
  const auto rewrite = [&](const std::string& key, const std::string& value) {
    auto metadata = whole.metadata();
    metadata[key] = value;
    std::vector<TensorView> tensors;
    for (const auto& name : whole.names()) {
      tensors.push_back({name, whole.info(name).dtype, whole.info(name).shape, whole.bytes(name)});
    }
    write_safetensors(file, tensors, metadata);
  };
  rewrite("step", "many");
  expect_error(run_program("pretrain --resume --out " + out() + " --progress none"), 3,
               "'step' is 'many'");
  rewrite("spec", "encoder = [");
  expect_error(
      run_program("embed --run " + out() + " --data " + data() + " --out " + out() + "/x.npy"), 3,
      "the description of the encoder is damaged");
}

TEST_F(HostileJob, ALinkLoopIsNamedWhereverItStands) {
  const std::string loop = (folder() / "loop").string();
  fs::create_symlink(loop, loop);
  for (const std::string& command :
       {"pretrain --steps 1 --out " + out() + " --data " + loop,
        "pretrain --steps 1 --data glyphs --out " + loop, "evaluate --run " + loop,
        "report " + loop, "predict --data glyphs --model " + loop, "sweep " + loop}) {
    const auto result = run_program(command);
    EXPECT_TRUE(result.code == 2 || result.code == 3)
        << command << ": " << result.code << ", " << result.output;
    EXPECT_NE(result.output.find(loop), std::string::npos) << command << ": " << result.output;
  }
}

}  // namespace
}  // namespace likewise
