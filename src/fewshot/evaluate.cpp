#include "likewise/fewshot/evaluate.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "likewise/base/error.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/eval/scores.hpp"

namespace likewise::fewshot {

namespace {

// Episodes scored at once: enough to fill the matrix products, few enough for the caches.
constexpr int64_t kAtOnce = 8;
constexpr int64_t kRowsAtOnce = 4096, kMost = 64;  // the same for features that are there

void append_accuracies(const Tensor& scores, int64_t queries, std::vector<double>& out) {
  const Tensor chosen = chosen_ways(scores);
  const int64_t* way = chosen.data_ptr<int64_t>();
  for (int64_t e = 0; e < chosen.size(0); ++e) {
    int64_t right = 0;
    for (int64_t m = 0; m < chosen.size(1); ++m) {
      right += way[e * chosen.size(1) + m] == m / queries;
    }
    out.push_back(static_cast<double>(right) / static_cast<double>(chosen.size(1)));
  }
}

}  // namespace

Tensor chosen_ways(const Tensor& scores) {
  return first_largest(scores.reshape({-1, scores.size(2)}).contiguous())
      .reshape({scores.size(0), scores.size(1)})
      .contiguous();
}

Tensor table_features(EncoderMethod& method, const ImageTable& table) {
  constexpr int64_t kChunk = 256;
  const at::NoGradGuard no_grad;
  const NormScope scope(method, false);
  std::vector<Tensor> rows;
  for (int64_t first = 0; first < table.size(); first += kChunk) {
    check_interrupt();
    std::vector<int64_t> positions(static_cast<size_t>(std::min(kChunk, table.size() - first)));
    std::iota(positions.begin(), positions.end(), first);
    rows.push_back(method.embed(table.gather(positions)).contiguous());
  }
  return at::cat(rows);
}

EpisodeScore evaluate_features(EncoderMethod& method, const Tensor& features,
                               const EpisodeSampler& sampler, int64_t count, uint64_t seed,
                               EpisodeUse use) {
  const at::NoGradGuard no_grad;
  const NormScope scope(method, false);
  EpisodeScore out;
  const Tensor table = features.contiguous();
  const auto width = static_cast<size_t>(table.size(1)) * sizeof(float);
  const auto* from = static_cast<const char*>(table.data_ptr());
  LIKEWISE_CHECK(table.scalar_type() == at::kFloat && table.dim() == 2, "features of {} dimensions",
                 table.dim());
  const int64_t at_once = std::clamp<int64_t>(kRowsAtOnce / sampler.shape().size(), 1, kMost);
  for (int64_t first = 0; first < count; first += at_once) {
    check_interrupt();
    const int64_t here = std::min(count - first, at_once);
    const Tensor rows = at::empty({here * sampler.shape().size(), table.size(1)}, table.options());
    auto* to = static_cast<char*>(rows.data_ptr());
    for (int64_t e = first; e < first + here; ++e) {
      for (const int64_t position : sampler.draw(episode_rng(seed, use, e)).positions) {
        std::memcpy(to, from + static_cast<size_t>(position) * width, width);
        to += width;
      }
    }
    append_accuracies(method.episode_scores(split_features(rows, sampler.shape())),
                      sampler.shape().queries, out.episodes);
  }
  out.accuracy = mean_normal(out.episodes);
  return out;
}

EpisodeScore evaluate_episodes(FewShotMethod& method, const ImageTable& table,
                               const EpisodeSampler& sampler, int64_t count, uint64_t seed,
                               EpisodeUse use, NormMode mode) {
  auto* encoder = dynamic_cast<EncoderMethod*>(&method);
  if (encoder != nullptr && mode == NormMode::kInductive &&
      count * sampler.shape().size() > table.size()) {
    return evaluate_features(*encoder, table_features(*encoder, table), sampler, count, seed, use);
  }
  EpisodeScore out;
  for (int64_t first = 0; first < count; first += kAtOnce) {
    check_interrupt();
    const EpisodeBatch batch =
        make_batch(table, sampler, seed, use, first, std::min(kAtOnce, count - first));
    append_accuracies(method.scores(batch, mode), sampler.shape().queries, out.episodes);
  }
  out.accuracy = mean_normal(out.episodes);
  return out;
}

}  // namespace likewise::fewshot
