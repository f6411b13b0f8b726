// Training, features and fine-tuning on a second device, where none of our own kernels may run and
// no tensor's memory can be read, against the processor: the checks of a GPU's code path that need
// no GPU.
#include <ATen/TensorOperators.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "device/second_device.hpp"
#include "likewise/base/error.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/finetune.hpp"
#include "likewise/train/pretrain.hpp"
#include "likewise/train/run_folder.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

using testing::kSecondDevice;
using testing::no_second_device;
using testing::second_device_operations;

using Settings = std::vector<std::pair<std::string, std::string>>;

#define LIKEWISE_NEEDS_SECOND_DEVICE() \
  if (*no_second_device()) GTEST_SKIP() << no_second_device()

// A tiny run with these options.
PretrainResult pretrain_on(const std::string& device, const std::filesystem::path& out,
                           const std::string& method_name, const Settings& settings,
                           int64_t steps) {
  PretrainOptions options;
  const auto method = find_method(method_name).make_options();
  Fields fields(options);
  method->describe(fields);
  options.method = method_name;
  options.data.path = "glyphs";
  options.data.limit = 48;
  options.views.size = 16;
  options.encoder.name = "small";
  options.encoder.width = 4;
  options.batch = 12;
  options.steps = steps;
  options.health_samples = 16;
  options.progress = "none";
  options.precision = "fp32";
  options.out = out.string();
  options.device = device;
  options.optim.name = "sgd";
  options.optim.lr = 0.001;  // so small that rounding does not grow; the momentum holds gradients
  for (const auto& [key, value] : settings) {
    if (key == "data.views_on" && device == "cpu") continue;
    fields.set(key, value, "the test");
  }
  return pretrain(options, *method, fields);
}

// All tensors of two checkpoints.
void expect_same_checkpoints(const std::filesystem::path& a, const std::filesystem::path& b,
                             double tolerance, const std::string& what) {
  const Checkpoint first = load_checkpoint(RunFolder{a}.checkpoint());
  const Checkpoint second = load_checkpoint(RunFolder{b}.checkpoint());
  const NamedTensors expected = first.under("");
  const NamedTensors found = second.under("");
  ASSERT_EQ(expected.size(), found.size()) << what;
  ASSERT_GT(expected.size(), 4U);
  const std::map<std::string, Tensor> by_name(found.begin(), found.end());
  for (const auto& [name, x] : expected) {
    ASSERT_TRUE(by_name.count(name)) << what << ": " << name;
    const Tensor y = by_name.at(name);
    ASSERT_EQ(x.sizes(), y.sizes()) << what << ": " << name;
    if (x.numel() == 0) continue;
    const Tensor wide = x.to(at::kDouble), other = y.to(at::kDouble);
    const Tensor away = (wide - other).abs();
    const Tensor both_nan = wide.isnan().logical_and(other.isnan());  // not yet met by SogCLR
    const double size = wide.masked_fill(wide.isnan(), 0).abs().max().item<double>();
    EXPECT_LE(away.masked_fill(both_nan, 0).max().item<double>(), tolerance * std::max(size, 1.0))
        << what << ": " << name;
  }
}

void expect_equal_training(const std::string& method, const Settings& settings = {}) {
  const TemporaryFolder folder;
  std::string what = method;
  for (const auto& [key, value] : settings) what += ", " + key + " " + value;
  pretrain_on("cpu", folder / "processor", method, settings, 2);
  const long before = second_device_operations();
  pretrain_on(kSecondDevice, folder / "device", method, settings, 2);
  EXPECT_GT(second_device_operations() - before, 200) << what << ": little was done on the device";
  expect_same_checkpoints(folder / "processor", folder / "device", 1e-4, what);
}

TEST(SecondDevice, RefusesMixedTensorsAndCannotBeRead) {
  LIKEWISE_NEEDS_SECOND_DEVICE();
  const Tensor host = at::ones({4, 4}), x = host.to(c10::Device(kSecondDevice));
  EXPECT_EQ((x + 1).mm(x).to(at::kCPU).sum().item<double>(), 128);
  EXPECT_THROW(x + host, c10::Error);
  EXPECT_THROW(x.mm(host), c10::Error);
  EXPECT_DEATH(std::printf("%f", static_cast<double>(x.data_ptr<float>()[0])), "");
}

class SecondDeviceMethods : public ::testing::TestWithParam<std::string> {};

TEST_P(SecondDeviceMethods, TrainAsOnTheProcessor) {
  LIKEWISE_NEEDS_SECOND_DEVICE();
  EXPECT_NO_THROW(expect_equal_training(GetParam()));
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const MethodEntry& entry : methods()) names.emplace_back(entry.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, SecondDeviceMethods, ::testing::ValuesIn(method_names()),
                         [](const auto& test) { return test.param; });

TEST(SecondDevice, VariantsOfMethodsTrainAsOnTheProcessor) {
  LIKEWISE_NEEDS_SECOND_DEVICE();
  const std::vector<std::pair<std::string, Settings>> variants = {
      {"simclr", {{"loss.learnable_temperature", "true"}}},
      {"simclr", {{"loss.form", "viewmaker"}}},
      {"simclr", {{"loss.decoupled", "true"}, {"loss.decoupled_sigma", "0.5"}}},
      {"simclr", {{"loss.debias", "0.1"}, {"loss.hardness", "1"}}},
      {"simclr", {{"loss.sogclr", "0.9"}}},
      {"simclr", {{"negatives.remove", "labels"}}},
      {"simclr", {{"negatives.remove", "neighbours"}, {"negatives.from", "0"}}},
      {"simclr", {{"negatives.remove", "duplicates"}}},
      {"moco", {{"negatives.remove", "labels"}}},
      {"inst_disc", {{"loss.form", "softmax"}}},
      {"inst_disc", {{"loss.form", "viewmaker"}}},
      {"swav", {{"queue", "24"}, {"queue_from", "0"}}},
      {"swav", {{"views.local_crops", "2"}}},
      {"supcon", {{"loss.form", "in"}, {"per_class", "2"}}},
  };
  for (const auto& [method, settings] : variants) {
    SCOPED_TRACE(method + " " + settings[0].first + " " + settings[0].second);
    EXPECT_NO_THROW(expect_equal_training(method, settings));
  }
}

TEST(SecondDevice, EveryPartOfTheLoopWorksAsOnTheProcessor) {
  LIKEWISE_NEEDS_SECOND_DEVICE();
  const std::vector<Settings> settings = {
      {{"accumulate", "2"}, {"chunk", "5"}, {"ema", "0.9"}, {"clip", "0.1"}},
      {{"optim.name", "adamw"}, {"optim.lr", "0.001"}},
      {{"optim.name", "lars"}, {"optim.nesterov", "true"}},
      {{"optim.name", "lars-clip"}},
      // Biases before a normalisation have no gradient but rounding, which Adam would enlarge.
      {{"viewmaker.use", "alone"},
       {"viewmaker.width", "2"},
       {"viewmaker.blocks", "1"},
       {"viewmaker.optim.name", "sgd"},
       {"viewmaker.optim.lr", "0.001"}},
      {{"data.views_on", "device"}, {"views.recipe", "simclr"}, {"views.local_crops", "1"}},
      {{"data.views_on", "device"}, {"data.quarter_turns", "true"}},
      {{"profile", "true"}},
      {{"encoder.name", "conv4"}},
      {{"encoder.name", "resnet18"}, {"seed", "1"}},
      {{"encoder.name", "resnet18"}, {"seed", "2"}},
      {{"encoder.name", "resnet18"}, {"seed", "3"}},
      {{"encoder.name", "vit_tiny"}, {"encoder.width", "0"}},
  };
  for (const Settings& some : settings) {
    SCOPED_TRACE(some[0].first + " " + some[0].second);
    EXPECT_NO_THROW(expect_equal_training("simclr", some));
  }
}

TEST(SecondDevice, ACheckpointGoesOnOnEitherDevice) {
  LIKEWISE_NEEDS_SECOND_DEVICE();
  const TemporaryFolder folder;
  // Whose steps do not depend on how many will follow.
  const Settings constant = {
      {"schedule.name", "constant"}, {"schedule.warmup", "0"}, {"ema", "0.9"}};
  Settings resumed = constant;
  resumed.emplace_back("resume", "true");
  pretrain_on("cpu", folder / "whole", "nnclr", constant, 6);
  for (const bool begins_there : {true, false}) {
    const auto out = folder / (begins_there ? "there-here" : "here-there");
    pretrain_on(begins_there ? kSecondDevice : "cpu", out, "nnclr", constant, 3);
    pretrain_on(begins_there ? "cpu" : kSecondDevice, out, "nnclr", resumed, 6);
    expect_same_checkpoints(folder / "whole", out, 1e-4, out.filename().string());
  }
}

TEST(SecondDevice, FeaturesAndFineTuningAreThoseOfTheProcessor) {
  LIKEWISE_NEEDS_SECOND_DEVICE();
  const TemporaryFolder folder;
  pretrain_on("cpu", folder / "run", "simclr", {}, 3);
  const TrainedEncoder here = load_encoder(folder / "run"), there = load_encoder(folder / "run");
  there.encoder->to(c10::Device(kSecondDevice));
  std::vector<int64_t> rows(96);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(7 * i);
  const DatasetPtr data = subset(open_dataset("glyphs"), rows);
  std::vector<FeatureSet> sets;
  std::vector<Finetuned> tuned;
  for (const TrainedEncoder* model : {&here, &there}) {
    sets.push_back(extract_features(*model, data).set);
    const LinearProbe probe = fit_linear_probe(sets.back(), {});
    FinetuneOptions options;
    options.epochs = 1;
    tuned.push_back(finetune(*model, data, probe.model, FinetuneStart::kProbe, options, false));
  }
  EXPECT_TRUE(sets[1].x.device().is_cpu());
  EXPECT_LE((sets[0].x - sets[1].x).abs().max().item<double>(), 1e-4);
  EXPECT_EQ(device_of(*tuned[1].model.encoder).type(), c10::Device(kSecondDevice).type());
  EXPECT_LE((tuned[0].head.weight - tuned[1].head.weight).abs().max().item<double>(), 1e-3);
}

TEST(Device, WhatIsNotThereIsRefusedWithItsCure) {
  EXPECT_EQ(choose_device("cpu"), c10::Device(c10::kCPU));
  for (const char* unknown : {"gpu", "cuda:x", "cpu:1", "", "mps"}) {
    EXPECT_THROW(choose_device(unknown), UserError) << unknown;
  }
  const GpuFacts facts = gpu_facts();
  EXPECT_FALSE(facts.text().empty());
  if (facts.usable()) GTEST_SKIP() << "there is a GPU";
  EXPECT_EQ(choose_device("auto"), c10::Device(c10::kCPU));
  try {
    choose_device("cuda");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("--device cuda: "), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(facts.cure()), std::string::npos) << error.what();
  }
}

TEST(Device, CuresNameWhatIsMissing) {
  const auto cure = [](bool built, int count, const char* driver) {
    GpuFacts facts;
    facts.built = built, facts.count = count, facts.driver = driver;
    return facts.cure();
  };
  EXPECT_EQ(cure(true, 1, "535.1"), "");
  EXPECT_NE(cure(false, 0, "535.1").find("Torch_DIR"), std::string::npos);
  EXPECT_EQ(cure(false, 0, "535.1").find("nvidia-driver"), std::string::npos);
  EXPECT_NE(cure(false, 0, "").find("nvidia-driver"), std::string::npos);
  EXPECT_NE(cure(true, 0, "").find("nvidia-driver"), std::string::npos);
  GpuFacts unloaded;
  unloaded.tools = true;
  EXPECT_NE(unloaded.cure().find("modprobe"), std::string::npos);
  EXPECT_NE(unloaded.text().find("nvidia-smi is installed"), std::string::npos);
  EXPECT_NE(cure(true, 0, "535.1").find("CUDA_VISIBLE_DEVICES"), std::string::npos);
}

}  // namespace
}  // namespace likewise
