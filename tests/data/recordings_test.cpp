// Folders and lists of sounds, series and arrays.
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "data/fixtures.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/formats/sound.hpp"

namespace likewise::recordings_tests {
namespace {

using Names = std::vector<std::string>;

std::vector<uint8_t> wav(int64_t rate, int64_t frames, int64_t channels = 1, float value = 0.25F) {
  return encode_wav(
      {rate, channels, std::vector<float>(static_cast<size_t>(frames * channels), value)});
}

std::string opening_error(const std::string& path, const OpenOptions& options = {}) {
  try {
    open_dataset(path, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void expect_part(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Sounds, AFolderOfClassesWithMixedRatesComesAtTheUsualOne) {
  const DataFolder folder;
  write_file(folder / "yes/a.wav", wav(8000, 800));
  write_file(folder / "yes/b.wav", wav(8000, 400, 2));
  write_file(folder / "no/c.wav", wav(16000, 1600));
  write_file(folder / "labels.txt", std::string("beside"));
  EXPECT_EQ(detect_modality(folder.path().string()), Modality::audio);
  const auto data = open_dataset(folder.path().string());
  EXPECT_EQ(data->info().modality, Modality::audio);
  EXPECT_EQ(data->info().rate, 8000);
  EXPECT_EQ(data->info().class_names, (Names{"no", "yes"}));
  ASSERT_EQ(data->size(), 3);
  EXPECT_EQ(data->get(0).parts[0].sizes(), (std::vector<int64_t>{1, 800})) << "resampled";
  EXPECT_EQ(data->get(2).parts[0].sizes(), (std::vector<int64_t>{2, 400}));
  EXPECT_NEAR(data->get(1).parts[0][0][400].item<float>(), 0.25F, 1e-4);
  OpenOptions options;
  options.rate = 4000;
  EXPECT_EQ(open_dataset(folder.path().string(), options)->get(1).parts[0].size(1), 400);
}

TEST(Sounds, BrokenFilesAreNamedAndSkippedByTheLoader) {
  const DataFolder folder;
  for (int i = 0; i < 4; ++i) write_file(folder / (std::to_string(i) + ".wav"), wav(8000, 100));
  write_file(folder / "empty.wav", wav(8000, 0));
  auto cut = wav(8000, 100);
  cut.resize(100);
  write_file(folder / "short.wav", cut);
  LoaderOptions options;
  options.shuffle = false;
  options.batch = 8;
  Loader loader(open_dataset(folder.path().string()),
                {Transform([](const Tensor& x, Rng&) { return x; })}, options);
  EXPECT_EQ(loader.next().index.size(0), 4);
  ASSERT_EQ(loader.bad_samples().size(), 2U);
  expect_part(loader.bad_samples()[0], "empty.wav");
  expect_part(loader.bad_samples()[1], "short.wav");
}

TEST(Sounds, OneFileIsADataSetAndAListNamesThem) {
  const DataFolder folder;
  write_file(folder / "a.wav", wav(8000, 100));
  EXPECT_EQ(open_dataset((folder / "a.wav").string())->size(), 1);
  write_file(folder / "list.csv",
             "path,label,split,domain\na.wav,one,train,ann\na.wav,two,test,bob\n");
  const auto test = open_dataset((folder / "list.csv").string() + "#test");
  EXPECT_EQ(test->info().modality, Modality::audio);
  EXPECT_EQ(test->label(0), 1);
  EXPECT_EQ(test->info().domain_names, (Names{"ann", "bob"}));
}

// A tone whose loudness rises by 0.1 a second.
std::vector<float> rising(int64_t rate, double seconds) {
  std::vector<float> out(static_cast<size_t>(std::llround(seconds * static_cast<double>(rate))));
  for (size_t s = 0; s < out.size(); ++s) {
    const double t = static_cast<double>(s) / static_cast<double>(rate);
    out[s] = static_cast<float>(0.1 * t * std::sin(2 * M_PI * 200 * t));
  }
  return out;
}

TEST(Sounds, LongOnesComeInWindowsNamedByTheirBegin) {
  const DataFolder folder;
  write_file(folder / "one/long.wav", encode_wav({8000, 1, rising(8000, 5.2)}, true));
  write_file(folder / "one/short.wav", encode_wav({8000, 1, rising(8000, 0.5)}, true));
  write_file(folder / "two/other.flac", std::string("no sound"));
  write_file(folder / "two/high.wav", encode_wav({16000, 1, rising(16000, 3)}, true));
  OpenOptions options;
  options.seconds = 2;
  options.hop = 1.5;
  const auto data = open_dataset(folder.path().string(), options);
  Names names;
  for (int64_t i = 0; i < data->size(); ++i) names.push_back(data->name(i));
  // Half of a window is enough: 3 + 1 <= 5.2, but 4.5 + 1 > 5.2.
  EXPECT_EQ(names, (Names{"one/long.wav#0", "one/long.wav#1.5", "one/long.wav#3", "one/short.wav#0",
                          "two/high.wav#0", "two/high.wav#1.5", "two/other.flac#0"}));
  EXPECT_EQ(data->info().window, 16000);
  const auto whole = rising(8000, 5.2);
  for (const auto& [i, begin, frames] :
       {std::tuple{0, 0.0, 16000}, {1, 1.5, 16000}, {2, 3.0, 16000}, {3, 0.0, 4000}}) {
    const Tensor x = data->get(i).parts[0];
    ASSERT_EQ(x.sizes(), (std::vector<int64_t>{1, frames})) << i;
    const auto first = static_cast<size_t>(begin * 8000);
    for (int64_t s = 0; s < frames; s += 7) {
      ASSERT_EQ(x.data_ptr<float>()[s], whole[first + static_cast<size_t>(s)]) << i << " " << s;
    }
  }
  // Of another rate: the same sound at the same place, ends of the window included.
  const Tensor high = data->get(5).parts[0];
  ASSERT_EQ(high.size(1), 12000);
  for (int64_t s = 0; s < 11000; ++s) {
    ASSERT_NEAR(high.data_ptr<float>()[s], whole[12000 + static_cast<size_t>(s)], 2e-3) << s;
  }
  EXPECT_THROW(data->get(6), DataError);
  // A file is on one side of a split: its windows share a domain.
  EXPECT_EQ(data->domain(0), data->domain(2));
  EXPECT_NE(data->domain(0), data->domain(3));
  EXPECT_EQ(data->info().domain_names.size(), 4U);
  EXPECT_EQ(data->label(2), 0);
  EXPECT_EQ(data->label(5), 1);
  options.seconds = 0;
  expect_part(opening_error(folder.path().string(), options), "--data.seconds");
}

// `rows` of a ramp in two channels at `hz`, with a label that changes in the middle.
std::string ramp(int64_t rows, double hz, double start = 0) {
  std::string text = "x,y,time,label\n";
  for (int64_t i = 0; i < rows; ++i) {
    const double t = start + static_cast<double>(i) / hz;
    text += fmt::format("{},{},{},{}\n", t, 2 * t, 100 + t, i < rows / 2 ? "low" : "high");
  }
  return text;
}

TEST(Series, WindowsOfTimeStampedRowsAtOneRate) {
  const DataFolder folder;
  write_file(folder / "ann/1.csv", ramp(201, 50));
  write_file(folder / "ann/2.csv", ramp(101, 25));
  write_file(folder / "bob/1.csv", ramp(201, 50));
  OpenOptions options;
  options.window = 50;
  options.overlap = 0.5;
  EXPECT_EQ(detect_modality(folder.path().string()), Modality::series);
  const auto data = open_dataset(folder.path().string(), options);
  EXPECT_EQ(data->info().rate, 50);
  EXPECT_EQ(data->info().channel_names, (Names{"x", "y"}));
  EXPECT_EQ(data->info().class_names, (Names{"high", "low"}));
  EXPECT_EQ(data->info().domain_names, (Names{"ann", "bob"}));
  // Each is 201 frames at 50 Hz: windows begin at 0, 25, ..., 150.
  ASSERT_EQ(data->size(), 3 * 7);
  const Sample sample =
      data->get(8);  // the second window of ann/2.csv, which was recorded at 25 Hz
  EXPECT_EQ(data->name(8), "ann/2.csv[25]");
  ASSERT_EQ(sample.parts[0].sizes(), (std::vector<int64_t>{2, 50}));
  for (int64_t t = 0; t < 50; ++t) {
    EXPECT_NEAR(sample.parts[0][1][t].item<float>(), 2 * (25.0 + static_cast<double>(t)) / 50,
                1e-4);
  }
  EXPECT_EQ(data->label(0), 1);
  EXPECT_EQ(data->label(6), 0);
  EXPECT_EQ(data->domain(20), 1);
}

TEST(Series, HolesEndAStretchAndMissingValuesAreFilled) {
  const DataFolder folder;
  std::string text = "x,time\n";
  for (int i = 0; i < 40; ++i)
    text += fmt::format("{},{}\n", i == 5 ? "" : std::to_string(i), i < 20 ? i : i + 100);
  write_file(folder / "a.csv", text);
  OpenOptions options;
  options.window = 10;
  options.overlap = 0;
  const auto data = open_dataset((folder / "a.csv").string(), options);
  ASSERT_EQ(data->size(), 4);
  EXPECT_EQ(data->get(0).parts[0][0][5].item<float>(), 5);
  EXPECT_EQ(data->get(2).parts[0][0][0].item<float>(), 20);
}

TEST(Series, DevicesAreChannelsOrPairs) {
  const DataFolder folder;
  write_file(folder / "s1/walk_phone.csv", ramp(101, 50));
  write_file(folder / "s1/walk_watch.csv", ramp(101, 25, 0.5));
  OpenOptions options;
  options.window = 20;
  options.devices = "_phone,_watch";
  const auto channels = open_dataset(folder.path().string(), options);
  ASSERT_EQ(channels->get(0).parts.size(), 1U);
  const Tensor x = channels->get(0).parts[0];
  ASSERT_EQ(x.size(0), 4);
  EXPECT_NEAR(x[0][3].item<float>(), x[2][3].item<float>(), 1e-3) << "at the same moments";
  EXPECT_NEAR(x[0][0].item<float>(), 0.5, 1e-3) << "from where both recorded";
  options.devices_as = "pairs";
  const auto pairs = open_dataset(folder.path().string(), options);
  ASSERT_EQ(pairs->get(0).parts.size(), 2U);
  EXPECT_EQ(pairs->get(0).parts[1].sizes(), (std::vector<int64_t>{2, 20}));
  EXPECT_EQ(pairs->info().channel_names.size(), 2U);
}

TEST(Series, WhatCannotBeReadIsLeftOutByName) {
  const DataFolder folder;
  for (int i = 0; i < 3; ++i) write_file(folder / fmt::format("s/{}.csv", i), ramp(60, 50));
  write_file(folder / "s/back.csv", std::string("x,y,time,label\n1,2,3,low\n1,2,2,low\n"));
  write_file(folder / "s/other.csv", std::string("a,b\n1,2\n3,4\n"));
  write_file(folder / "s/short.csv", ramp(5, 50));
  write_file(folder / "s/text.csv", std::string("who\nann\n"));
  OpenOptions options;
  options.window = 30;
  const auto data = open_dataset(folder.path().string(), options);
  EXPECT_EQ(data->size(), 3 * 3);
  std::string all;
  for (const auto& sentence : data->info().skipped) all += sentence + "\n";
  for (const char* part : {"back.csv:3: the time stamp 2", "other.csv: its columns are a, b",
                           "short.csv: it is shorter", "text.csv"}) {
    expect_part(all, part);
  }
  options.columns = "x,z";
  expect_part(opening_error(folder.path().string(), options), "no column 'z'");
  options.columns = "";
  options.window = 1000;
  expect_part(opening_error(folder.path().string(), options), "--data.window");
}

template <class T>
std::vector<uint8_t> bytes_of(const std::vector<T>& values) {
  const auto* from = reinterpret_cast<const uint8_t*>(values.data());
  return {from, from + values.size() * sizeof(T)};
}

TEST(Tensors, AnArrayOrAFolderOfArraysOfAnyShape) {
  const DataFolder folder;
  write_file(folder / "x.npy", write_npy({"f8", {3, 2}, bytes_of<double>({1, 2, 3, 4, 5, NAN})}));
  const auto data = open_dataset((folder / "x.npy").string());
  EXPECT_EQ(data->info().modality, Modality::tensor);
  EXPECT_TRUE(at::equal(data->get(1).parts[0], at::tensor({3.0F, 4.0F})));
  EXPECT_THROW(data->get(2), DataError) << "NaN";
  for (const char* name : {"a", "b", "odd"}) {
    const bool odd = std::string(name) == "odd";
    write_file(folder / "many" / (std::string(name) + ".npy"),
               write_npy({"i2", odd ? std::vector<int64_t>{2, 1} : std::vector<int64_t>{1, 2},
                          bytes_of<int16_t>({7, 8})}));
  }
  const auto many = open_dataset((folder / "many").string());
  EXPECT_EQ(many->size(), 3);
  EXPECT_EQ(many->get(0).parts[0].sizes(), (std::vector<int64_t>{1, 2}));
  try {
    many->get(2);
    ADD_FAILURE() << "another shape was accepted";
  } catch (const DataError& error) {
    expect_part(error.what(), "odd.npy: the array has shape [2, 1]");
  }
}

TEST(Pendulum, IsThePromisedDataSetAndAPureFunctionOfTheIndex) {
  const auto train = open_dataset("pendulum"), test = open_dataset("pendulum#test");
  EXPECT_EQ(train->size(), 18 * 6 * 12);
  EXPECT_EQ(test->size(), 6 * 6 * 12);
  EXPECT_EQ(train->info().class_names, test->info().class_names);
  const Tensor x = train->get(100).parts[0];
  EXPECT_EQ(x.sizes(), (std::vector<int64_t>{6, 128}));
  EXPECT_TRUE(at::equal(x, open_dataset("pendulum")->get(100).parts[0]));
  EXPECT_NE(test->domain(0), train->domain(0));
  // At rest it measures gravity, whichever way it is turned.
  const Tensor rest = test->get(0).parts[0];
  EXPECT_EQ(test->label(0), 0);
  EXPECT_NEAR(rest.narrow(0, 0, 3).pow(2).sum(0).sqrt().mean().item<double>(), 9.81, 0.3);
  EXPECT_THROW(open_dataset("pendulum#held"), UserError);
}

}  // namespace
}  // namespace likewise::recordings_tests
