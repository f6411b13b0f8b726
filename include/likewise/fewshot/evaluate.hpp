#pragma once
// What a few-shot method is worth: its accuracy over many episodes.

#include <vector>

#include "likewise/eval/table.hpp"
#include "likewise/fewshot/method.hpp"

namespace likewise::fewshot {

struct EpisodeScore {
  MeanInterval accuracy;         // share right; mean ± 1.96 std / sqrt(episodes)
  std::vector<double> episodes;  // of every episode
};

// The episodes 0 .. count - 1 of (seed, use), each query given to the way of its first largest
// score. A method that compares features of an encoder is asked for those of every image once where
// the mode is inductive: the episodes then are choices of rows.
EpisodeScore evaluate_episodes(FewShotMethod& method, const ImageTable& table,
                               const EpisodeSampler& sampler, int64_t count, uint64_t seed,
                               EpisodeUse use, NormMode mode);

// Features of every image of a table (turns included), in evaluation mode: [table.size(), D]. The
// same table and weights serve any number of evaluations.
Tensor table_features(EncoderMethod& method, const ImageTable& table);
EpisodeScore evaluate_features(EncoderMethod& method, const Tensor& features,
                               const EpisodeSampler& sampler, int64_t count, uint64_t seed,
                               EpisodeUse use);

// Row by row whether the first largest of scores [E, M, N] is the query's way: int64 [E, M], the
// way chosen.
Tensor chosen_ways(const Tensor& scores);

// The pixels themselves as features: the baseline.
class PixelEncoder : public Encoder {
 public:
  explicit PixelEncoder(int64_t dim) : dim_(dim) {}
  Tensor forward(const Tensor& x) override { return x.contiguous().flatten(1); }
  int64_t feature_dim() const override { return dim_; }

 private:
  int64_t dim_;
};

}  // namespace likewise::fewshot
