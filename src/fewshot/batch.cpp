#include "likewise/fewshot/batch.hpp"

#include <ATen/ops/arange.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "likewise/base/error.hpp"

namespace likewise::fewshot {

Tensor EpisodeBatch::support(int64_t e) const {
  return images.narrow(0, e * shape.size(), shape.support_size());
}

Tensor EpisodeBatch::query(int64_t e) const {
  return images.narrow(0, e * shape.size() + shape.support_size(), shape.query_size());
}

EpisodeBatch EpisodeBatch::only(int64_t e) const {
  return {shape, {plan[static_cast<size_t>(e)]}, images.narrow(0, e * shape.size(), shape.size())};
}

Tensor EpisodeBatch::support_targets() const {
  return at::arange(shape.ways, at::kLong).repeat_interleave(shape.shots);
}

Tensor EpisodeBatch::query_targets() const {
  return at::arange(shape.ways, at::kLong).repeat_interleave(shape.queries);
}

Rng episode_rng(uint64_t seed, EpisodeUse use, int64_t e) {
  return Rng(seed, {static_cast<uint64_t>(use), static_cast<uint64_t>(e)});
}

EpisodeBatch make_batch(const ImageTable& table, const EpisodeSampler& sampler, uint64_t seed,
                        EpisodeUse use, int64_t first, int64_t count) {
  EpisodeBatch batch;
  batch.shape = sampler.shape();
  std::vector<int64_t> positions;
  for (int64_t e = first; e < first + count; ++e) {
    batch.plan.push_back(sampler.draw(episode_rng(seed, use, e)));
    const auto& more = batch.plan.back().positions;
    positions.insert(positions.end(), more.begin(), more.end());
  }
  batch.images = table.gather(positions);
  return batch;
}

class EpisodeLoader::State {
 public:
  State(const ImageTable& table, const EpisodeSampler& sampler, uint64_t seed, int64_t count,
        int64_t first, int64_t ahead, const Change& change)
      : ahead_(static_cast<size_t>(ahead)), thread_([=, this, &table, &sampler] {
          for (int64_t step = first;; ++step) {
            std::exception_ptr failure;
            EpisodeBatch batch;
            try {
              batch = make_batch(table, sampler, seed, EpisodeUse::kTrain, step * count, count);
              if (change) change(batch, step * count);
            } catch (...) {
              failure = std::current_exception();
            }
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ready_.size() < ahead_ || done_; });
            if (done_) return;
            failure_ = failure;
            ready_.push_back(std::move(batch));
            changed_.notify_all();
            if (failure) return;
          }
        }) {}
  ~State() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  EpisodeBatch next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !ready_.empty(); });
    if (failure_ && ready_.size() == 1) std::rethrow_exception(failure_);
    EpisodeBatch batch = std::move(ready_.front());
    ready_.pop_front();
    changed_.notify_all();
    return batch;
  }

 private:
  size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EpisodeBatch> ready_;
  std::exception_ptr failure_;
  bool done_ = false;
  std::thread thread_;  // last: it uses all above
};

EpisodeLoader::EpisodeLoader(const ImageTable& table, const EpisodeSampler& sampler, uint64_t seed,
                             int64_t episodes_a_batch, int64_t first_batch, int64_t ahead,
                             Change change) {
  LIKEWISE_CHECK(episodes_a_batch > 0 && ahead > 0, "{} episodes, {} ahead", episodes_a_batch,
                 ahead);
  state_ = std::make_unique<State>(table, sampler, seed, episodes_a_batch, first_batch, ahead,
                                   std::move(change));
}

EpisodeLoader::~EpisodeLoader() = default;

EpisodeBatch EpisodeLoader::next() { return state_->next(); }

}  // namespace likewise::fewshot
