#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/methods/simclr.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/pictures.hpp"
#include "likewise/train/pretrain.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/train/trained_method.hpp"
#include "likewise/train/view_gallery.hpp"
#include "support/hostile.hpp"
#include "support/tiny_methods.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;
using likewise::testing::AlignmentOnly;
using likewise::testing::Stopping;

// 60 grey images of 16 x 16 as a .npy file.
void write_grey_images(const fs::path& folder) {
  NpyArray array{"u1", {60, 16, 16}, {}};
  Rng rng(3);
  for (int i = 0; i < 60 * 256; ++i) array.bytes.push_back(static_cast<uint8_t>(rng.below(256)));
  write_file(folder / "images.npy", write_npy(array));
}

PretrainOptions learned_options(const fs::path& folder, const std::string& run) {
  PretrainOptions options;
  options.data.path = (folder / "images.npy").string();
  options.out = (folder / run).string();
  options.views.size = 16;
  options.encoder.name = "small";
  options.encoder.width = 4;
  options.steps = 9;
  options.batch = 8;
  options.health_samples = 16;
  options.progress = "none";
  options.precision = "fp32";
  options.viewmaker.use = "alone";
  options.viewmaker.shape = {.width = 2, .blocks = 1};
  return options;
}

template <class M>
PretrainResult train(PretrainOptions options) {
  MethodOptionsOf<M> method;
  Fields fields(options);
  method.describe(fields);
  return pretrain(options, method, fields);
}

std::vector<uint8_t> checkpoint_bytes(const fs::path& folder, const std::string& run) {
  return read_bytes(RunFolder{folder / run}.checkpoint());
}

NamedTensors viewmaker_of(const fs::path& folder, const std::string& run) {
  return load_checkpoint(RunFolder{folder / run}.checkpoint()).under("viewmaker.");
}

bool equal_weights(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!at::equal(a[i].second, b[i].second)) return false;
  }
  return true;
}

// Writes down who looks at what.
class Watching : public AlignmentOnly {
 public:
  using AlignmentOnly::AlignmentOnly;
  struct Look {
    int64_t step, turn;
    Tensor index, weight, view;
    bool training, takes_gradient, view_takes_gradient;
  };
  inline static std::vector<Look> looks;
  Tensor loss_of(const std::vector<Tensor>& z, const Batch& batch) override {
    const Tensor weight = encoder().parameters()[0];
    looks.push_back({progress().step, progress().turn, batch.index, weight.detach().clone(),
                     batch.views[0].detach().clone(), is_training(), weight.requires_grad(),
                     batch.views[0].requires_grad()});
    return AlignmentOnly::loss_of(z, batch);
  }
};

TEST(ViewmakerRun, MethodFirstThenViewmakerOnTheSameSamplesWithFreshNoiseAndNewWeights) {
  const TemporaryFolder temporary;
  write_grey_images(temporary.path());
  Watching::looks.clear();
  PretrainOptions options = learned_options(temporary.path(), "a");
  options.steps = 3;
  options.health_samples = 0;
  train<Watching>(options);
  const auto& looks = Watching::looks;
  ASSERT_EQ(looks.size(), 6U);
  for (size_t s = 0; s < 3; ++s) {
    const auto &method = looks[2 * s], &viewmaker = looks[2 * s + 1];
    EXPECT_EQ(method.step, static_cast<int64_t>(s));
    EXPECT_EQ(viewmaker.step, static_cast<int64_t>(s));
    EXPECT_EQ(method.turn, 0);
    EXPECT_EQ(viewmaker.turn, 1);
    EXPECT_TRUE(at::equal(method.index, viewmaker.index));
    EXPECT_FALSE(at::equal(method.view, viewmaker.view));
    if (s < 2) {  // the rate of the last step is 0
      EXPECT_FALSE(at::equal(method.weight, viewmaker.weight));
    }
    if (s > 0) {
      EXPECT_TRUE(at::equal(looks[2 * s - 1].weight, method.weight));
    }
    EXPECT_TRUE(method.training && viewmaker.training);
    EXPECT_TRUE(method.takes_gradient);
    EXPECT_FALSE(method.view_takes_gradient);
    EXPECT_FALSE(viewmaker.takes_gradient);
    EXPECT_TRUE(viewmaker.view_takes_gradient);
  }
}

TEST(ViewmakerRun, AStoppedRunEndsInTheBitsOfOneThatWasNot) {
  const TemporaryFolder temporary;
  write_grey_images(temporary.path());
  for (const int64_t chunk : {0, 4}) {
    const std::string whole = "whole" + std::to_string(chunk),
                      parts = "parts" + std::to_string(chunk);
    PretrainOptions options = learned_options(temporary.path(), whole);
    options.chunk = chunk;
    options.viewmaker.ramp = 0.8;
    train<Stopping>(options);
    options = learned_options(temporary.path(), parts);
    options.chunk = chunk;
    options.viewmaker.ramp = 0.8;
    Stopping::stop_at = 4;
    EXPECT_TRUE(train<Stopping>(options).interrupted);
    options.resume = true;
    EXPECT_FALSE(train<Stopping>(options).interrupted);
    EXPECT_EQ(checkpoint_bytes(temporary.path(), whole), checkpoint_bytes(temporary.path(), parts));
  }
}

TEST(ViewmakerRun, LogsBothPlayersAndTheViews) {
  const TemporaryFolder temporary;
  write_grey_images(temporary.path());
  PretrainOptions options = learned_options(temporary.path(), "a");
  train<Simclr>(options);
  nlohmann::json step, health;
  for (const auto& line : split(read_text(RunFolder{options.out}.metrics()), '\n')) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object()) continue;
    (record["kind"] == "step" ? step : health) = record;
  }
  for (const char* key :
       {"loss", "viewmaker_loss", "viewmaker_grad_norm", "view_size", "view_beyond"}) {
    EXPECT_TRUE(step.contains(key)) << key;
  }
  EXPECT_NEAR(step["view_size"].get<double>(), 0.05, 1e-3);
  EXPECT_EQ(step["view_budget"].get<double>(), 0.05);
  EXPECT_GT(health["view_diversity"].get<double>(), 0);
  EXPECT_GT(health["alignment"].get<double>(), 0);  // of learned views: plain ones are equal
  // The report and `diagnose` see the same views.
  write_pictures(options.out);
  const auto gallery =
      nlohmann::json::parse(read_text(RunFolder{options.out}.assets() / "gallery.json"));
  EXPECT_EQ(gallery["rows"][0]["perturbations"].size(), gallery["rows"][0]["views"].size());
  EXPECT_NE(read_text(RunFolder{options.out}.report()).find("Learned views"), std::string::npos);
  EXPECT_NE(load_method(options.out).learned, nullptr);
}

TEST(ViewmakerRun, AnotherRunsViewmakerIsTakenFrozenOrGoesOnLearning) {
  const TemporaryFolder temporary;
  write_grey_images(temporary.path());
  PretrainOptions first = learned_options(temporary.path(), "first");
  first.viewmaker.budget = 0.2;
  train<Simclr>(first);
  PretrainOptions frozen = learned_options(temporary.path(), "frozen");
  frozen.viewmaker.shape = {};  // that of the run
  frozen.viewmaker.from = first.out;
  frozen.viewmaker.train = false;
  train<Simclr>(frozen);
  EXPECT_TRUE(equal_weights(viewmaker_of(temporary.path(), "first"),
                            viewmaker_of(temporary.path(), "frozen")));
  EXPECT_EQ(load_viewmaker(frozen.out)->spec().budget, 0.2);
  PretrainOptions trained = learned_options(temporary.path(), "trained");
  trained.viewmaker.from = first.out;
  trained.viewmaker.use = "after";
  train<Simclr>(trained);
  EXPECT_FALSE(equal_weights(viewmaker_of(temporary.path(), "first"),
                             viewmaker_of(temporary.path(), "trained")));
}

TEST(ViewmakerRun, MakesTheSameViewsAgainFromItsFolder) {
  const TemporaryFolder temporary;
  write_grey_images(temporary.path());
  PretrainOptions options = learned_options(temporary.path(), "a");
  options.viewmaker.clamp = true;
  train<Simclr>(options);
  const ViewMaking making(load_viewmaker(options.out), load_encoder(options.out).spec, false);
  const Tensor sample = open_dataset(options.data.path)->get(3).parts[0];
  const auto a = making.make(sample, 3, 0), b = making.make(sample, 3, 0),
             c = making.make(sample, 3, 1);
  EXPECT_TRUE(at::equal(a.view, b.view));
  EXPECT_FALSE(at::equal(a.view, c.view));
  EXPECT_TRUE(at::equal(a.base, c.base));
  EXPECT_GE(a.view.min().item<float>(), -1e-6);
  EXPECT_LE(a.view.max().item<float>(), 1 + 1e-6);
  EXPECT_EQ(making.row(sample, "x", 3, 4)["views"].size(), 4U);
}

TEST(ViewmakerRun, WhatCannotBeIsRefusedInASentence) {
  const TemporaryFolder temporary;
  write_grey_images(temporary.path());
  PretrainOptions options = learned_options(temporary.path(), "plain");
  options.viewmaker.use = "no";
  train<Simclr>(options);
  EXPECT_EQ(find_viewmaker(options.out), nullptr);
  EXPECT_THROW(load_viewmaker(options.out), UserError);
  PretrainOptions wrong = learned_options(temporary.path(), "b");
  wrong.viewmaker.from = options.out;  // has none
  EXPECT_THROW(train<Simclr>(wrong), UserError);
  wrong = learned_options(temporary.path(), "c");
  wrong.views.recipe = "glyphs";  // with "alone"
  EXPECT_THROW(train<Simclr>(wrong), UserError);
  wrong = learned_options(temporary.path(), "d");
  wrong.viewmaker.use = "no";
  wrong.viewmaker.from = options.out;
  EXPECT_THROW(train<Simclr>(wrong), UserError);
}

}  // namespace
}  // namespace likewise
