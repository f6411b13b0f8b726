#pragma once
// Several episodes as tensors, made ahead by a thread of their own.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "likewise/fewshot/image_table.hpp"

namespace likewise::fewshot {

// E episodes of one shape.
struct EpisodeBatch {
  EpisodeShape shape;
  std::vector<Episode> plan;  // [E]
  Tensor images;  // float [E (N K + N Q), C, S, S]: episode by episode, as its positions

  int64_t episodes() const { return static_cast<int64_t>(plan.size()); }
  Tensor support(int64_t e) const;  // [N K, C, S, S]
  Tensor query(int64_t e) const;    // [N Q, C, S, S]
  EpisodeBatch only(int64_t e) const;
  Tensor support_targets() const;  // int64 [N K]: 0, 0, ..., N - 1
  Tensor query_targets() const;    // int64 [N Q]
};

// The stream of episode e. Training, validation and test draw from streams of their own.
enum class EpisodeUse : uint64_t { kTrain = 0x7a11, kValidation = 0x7a12, kTest = 0x7a13 };
Rng episode_rng(uint64_t seed, EpisodeUse use, int64_t e);

// Episodes first, first + 1, ..., first + count - 1.
EpisodeBatch make_batch(const ImageTable& table, const EpisodeSampler& sampler, uint64_t seed,
                        EpisodeUse use, int64_t first, int64_t count);

// The batches of training in order: batch s holds the episodes s E to s E + E - 1. What a batch
// holds is a function of (seed, s) alone. Keeps references to table and sampler. `change`, if
// given, is applied to every batch beside the number of its first episode, in the loader's thread.
class EpisodeLoader {
 public:
  using Change = std::function<void(EpisodeBatch& batch, int64_t first)>;
  EpisodeLoader(const ImageTable& table, const EpisodeSampler& sampler, uint64_t seed,
                int64_t episodes_a_batch, int64_t first_batch = 0, int64_t ahead = 2,
                Change change = {});
  ~EpisodeLoader();
  EpisodeLoader(const EpisodeLoader&) = delete;
  EpisodeLoader& operator=(const EpisodeLoader&) = delete;

  EpisodeBatch next();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace likewise::fewshot
