#include "likewise/fewshot/method.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <c10/core/GradMode.h>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

EpisodeFeatures split_features(const Tensor& rows, const EpisodeShape& shape) {
  const int64_t episodes = rows.size(0) / shape.size();
  LIKEWISE_CHECK(episodes * shape.size() == rows.size(0), "{} rows, {} an episode", rows.size(0),
                 shape.size());
  const Tensor all = rows.reshape({episodes, shape.size(), -1});
  return {all.narrow(1, 0, shape.support_size()).reshape({episodes, shape.ways, shape.shots, -1}),
          all.narrow(1, shape.support_size(), shape.query_size()), shape.queries};
}

Tensor query_ways(const EpisodeFeatures& features) {
  return at::arange(features.ways(), at::kLong)
      .repeat_interleave(features.queries)
      .unsqueeze(0)
      .expand({features.query.size(0), features.query.size(1)});
}

Tensor query_cross_entropy(const Tensor& logits, const EpisodeFeatures& features) {
  return -at::log_softmax(logits, 2).gather(2, query_ways(features).unsqueeze(2)).mean();
}

EncoderMethod::EncoderMethod(std::shared_ptr<Encoder> encoder, bool from_catalogue)
    : from_catalogue_(from_catalogue) {
  encoder_ = register_module("encoder", std::move(encoder));
}

double EncoderMethod::accumulate(const EpisodeBatch& batch, double) {
  train();
  const Tensor loss = episode_loss(split_features(embed(batch.images), batch.shape));
  loss.backward();
  return loss.item<double>();
}

Tensor EncoderMethod::scores(const EpisodeBatch& batch, NormMode mode) {
  const at::NoGradGuard no_grad;
  if (mode == NormMode::kInductive) {
    const NormScope scope(*this, false);
    return episode_scores(split_features(embed(batch.images), batch.shape));
  }
  std::vector<Tensor> all;
  for (int64_t e = 0; e < batch.episodes(); ++e) {
    const NormScope scope(*this, true);
    const EpisodeBatch one = batch.only(e);
    if (mode == NormMode::kTransductive) {
      all.push_back(episode_scores(split_features(embed(one.images), one.shape)));
      continue;
    }
    const Tensor support = embed(one.support(0));
    eval();  // by the statistics that the support left behind
    all.push_back(
        episode_scores(split_features(at::cat({support, embed(one.query(0))}), one.shape)));
  }
  return at::cat(all);
}

}  // namespace likewise::fewshot
