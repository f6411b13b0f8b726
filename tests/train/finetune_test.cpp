#include "likewise/train/finetune.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/eval/labels.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/nn/weights.hpp"

namespace likewise {
namespace {

// Noise with a bright left or right half.
DatasetPtr halves(int64_t n, uint64_t seed) {
  Tensor images = at::empty({n, 1, 8, 8}, at::kByte);
  std::vector<int64_t> labels;
  Rng rng(seed);
  for (int64_t i = 0; i < n; ++i) {
    labels.push_back(i % 2);
    for (int64_t p = 0; p < 64; ++p) {
      const bool bright = (p % 8 < 4) == (i % 2 == 0);
      images.data_ptr<uint8_t>()[i * 64 + p] = static_cast<uint8_t>(rng.below(128) + (bright ? 100 : 0));
    }
  }
  return memory_dataset(images, labels);
}

EncoderSpec spec_of(const DatasetPtr& data) {
  EncoderSpec spec;
  spec.stats = measure_images({data->get(0).parts[0], data->get(1).parts[0]});
  spec.views.recipe = "none";
  spec.views.size = 8;
  spec.views = resolve(spec.views, spec.stats);
  spec.encoder.name = "small";
  spec.encoder.width = 4;
  spec.encoder = resolve(spec.encoder, 8);
  return spec;
}

double accuracy_of(const Finetuned& tuned, const DatasetPtr& data) {
  const FeatureSet set = extract_features(tuned.model, data).set;
  return tuned.head.predict(set.x).eq(set.y).to(at::kDouble).mean().item<double>();
}

TEST(Finetune, LearnsFromLabelsAndLeavesTheStartAlone) {
  const DatasetPtr train = halves(64, 1), test = halves(64, 2);
  const TrainedEncoder start = untrained_encoder(spec_of(train), 3);
  const auto before = start.encoder->parameters()[0].clone();
  const LinearProbe probe = fit_linear_probe(extract_features(start, train).set);
  FinetuneOptions options;
  options.batch = 16;
  options.epochs = 15;
  options.lr = 3e-3;
  for (const auto from : {FinetuneStart::kZeroHead, FinetuneStart::kProbe}) {
    const Finetuned tuned = finetune(start, train, probe.model, from, options);
    EXPECT_GT(accuracy_of(tuned, test), 0.95);
    EXPECT_FALSE(at::equal(tuned.model.encoder->parameters()[0], before));
  }
  EXPECT_TRUE(at::equal(start.encoder->parameters()[0], before));
}

TEST(Finetune, WithARateOfZeroLpFtIsTheProbe) {
  const DatasetPtr train = halves(32, 1);
  const TrainedEncoder start = untrained_encoder(spec_of(train), 3);
  const LinearProbe probe = fit_linear_probe(extract_features(start, train).set);
  FinetuneOptions options;
  options.lr = 0;
  options.epochs = 2;
  const Finetuned tuned = finetune(start, train, probe.model, FinetuneStart::kProbe, options);
  const Tensor x = extract_features(start, train).set.x;
  EXPECT_TRUE(tuned.head.logits(x).allclose(probe.model.logits(x), 1e-5, 1e-5));
}

TEST(Finetune, WithoutLabelsThereIsNothingToLearn) {
  const DatasetPtr train = memory_dataset(at::empty({4, 1, 8, 8}, at::kByte).fill_(7));
  const TrainedEncoder start = untrained_encoder(spec_of(halves(4, 1)), 3);
  const LinearProbe probe = fit_linear_probe(extract_features(start, halves(32, 1)).set);
  EXPECT_THROW(finetune(start, train, probe.model, FinetuneStart::kProbe), UserError);
}

}  // namespace
}  // namespace likewise
