#include "likewise/data/decoded_cache.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "data/stamped.hpp"
#include "likewise/base/error.hpp"

namespace likewise {

namespace {

class DecodedCache final : public Dataset, public detail::Stamped {
 public:
  DecodedCache(DatasetPtr source, int64_t byte_limit)
      : source_(std::move(source)),
        limit_(byte_limit),
        held_(static_cast<size_t>(source_->size())) {}

  int64_t size() const override { return source_->size(); }
  const DatasetInfo& info() const override { return source_->info(); }
  int64_t label(int64_t i) const override { return source_->label(i); }
  int64_t domain(int64_t i) const override { return source_->domain(i); }
  std::string name(int64_t i) const override { return source_->name(i); }
  uint64_t stamp(int64_t i) const override { return detail::stamp_of(*source_, i); }

  Sample get(int64_t i) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    if (auto sample = held(i)) return std::move(*sample);
    // Two threads may decode the same sample at once; the second result is dropped.
    Sample sample = source_->get(i);
    int64_t bytes = 0;
    for (const auto& part : sample.parts) bytes += static_cast<int64_t>(part.nbytes());
    auto& slot = held_[static_cast<size_t>(i)];
    const std::lock_guard lock(mutex(i));
    if (slot.empty()) {
      if (used_.fetch_add(bytes) + bytes <= limit_) {
        slot = copies(sample.parts);
      } else {
        used_ -= bytes;
      }
    }
    return sample;
  }

  // Whoever asks for a part has met the sample before, and it found no place then.
  Sample get_part(int64_t i, const Window& window) const override {
    LIKEWISE_CHECK(i >= 0 && i < size(), "sample {} of {}", i, size());
    if (auto sample = held(i)) return std::move(*sample);
    return source_->get_part(i, window);
  }

 private:
  std::mutex& mutex(int64_t i) const { return mutexes_[static_cast<size_t>(i) % mutexes_.size()]; }

  std::optional<Sample> held(int64_t i) const {
    const std::lock_guard lock(mutex(i));
    const auto& slot = held_[static_cast<size_t>(i)];
    if (slot.empty()) return {};
    return Sample{copies(slot), source_->label(i), source_->domain(i), i};
  }

  static std::vector<Tensor> copies(const std::vector<Tensor>& parts) {
    std::vector<Tensor> out;
    for (const auto& part : parts) out.push_back(part.clone());
    return out;
  }

  DatasetPtr source_;
  int64_t limit_;
  mutable std::atomic<int64_t> used_{0};
  mutable std::vector<std::vector<Tensor>> held_;
  mutable std::array<std::mutex, 64> mutexes_;
};

}  // namespace

DatasetPtr decoded_cache(DatasetPtr source, int64_t byte_limit) {
  return std::make_shared<DecodedCache>(std::move(source), byte_limit);
}

}  // namespace likewise
