#include "likewise/data/loader.hpp"

#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "likewise/base/error.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/data/class_batches.hpp"

namespace likewise {

namespace {
double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
}  // namespace

Rng view_rng(uint64_t seed, int64_t epoch, int64_t index, int64_t view) {
  return Rng(seed, {0x71e3, static_cast<uint64_t>(epoch), static_cast<uint64_t>(index),
                    static_cast<uint64_t>(view)});
}

class Loader::State {
 public:
  State(DatasetPtr dataset, std::vector<Transform> transforms, const LoaderOptions& options)
      : dataset_(std::move(dataset)), transforms_(std::move(transforms)), options_(options) {
    const int64_t n = dataset_->size();
    if (n == 0) throw UserError("{}: there are no samples", dataset_->info().name);
    if (options_.shuffle && n < options_.batch) {
      throw UserError("{} has {} samples, fewer than one batch of {}; lower --batch",
                      dataset_->info().name, n, options_.batch);
    }
    if (options_.shuffle && options_.per_class > 0) {
      class_batches_.emplace(*dataset_, options_.batch, options_.per_class, options_.labelled);
    }
    LIKEWISE_CHECK(
        !transforms_.empty() && options_.batch >= 1 && options_.threads >= 1 && options_.ahead >= 1,
        "loader options");
    whole_.resize(static_cast<size_t>(n));
  }

  ~State() { stop(); }

  int64_t steps_per_epoch() const {
    const int64_t n = dataset_->size();
    return options_.shuffle ? n / options_.batch : (n + options_.batch - 1) / options_.batch;
  }

  void seek(int64_t step) {
    stop();
    next_to_hand_out_ = next_to_make_ = step;
    start();
  }

  Batch next() {
    if (workers_.empty()) start();
    std::unique_lock lock(mutex_);
    const auto begin = std::chrono::steady_clock::now();
    const auto there = [&] { return failure_ || ready_.count(next_to_hand_out_) > 0; };
    while (!changed_.wait_for(lock, std::chrono::milliseconds(100), there)) {
      lock.unlock();
      check_interrupt();
      lock.lock();
    }
    waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const auto found = ready_.find(next_to_hand_out_);
    if (found == ready_.end()) std::rethrow_exception(failure_);
    Batch batch = std::move(found->second);
    ready_.erase(found);
    ++next_to_hand_out_;
    changed_.notify_all();
    return batch;
  }

  double waited() const {
    const std::lock_guard lock(mutex_);
    return waited_;
  }

  double worked() const {
    const std::lock_guard lock(mutex_);
    return worked_;
  }

  std::vector<std::string> bad_samples() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [index, message] : bad_) out.push_back(message);
    return out;
  }

 private:
  void start() {
    stopping_ = false;
    for (int64_t i = 0; i < options_.threads; ++i) workers_.emplace_back([this] { work(); });
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
    ready_.clear();
    failure_ = nullptr;
  }

  void work() {
    const at::NoGradGuard no_grad;
    try {
      for (;;) {
        int64_t step = 0;
        {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [&] {
            return stopping_ || failure_ || next_to_make_ < next_to_hand_out_ + options_.ahead;
          });
          if (stopping_ || failure_) return;
          step = next_to_make_++;
        }
        const double begin = thread_seconds();
        Batch batch = make(step);
        {
          const std::lock_guard lock(mutex_);
          worked_ += thread_seconds() - begin;
          ready_.emplace(step, std::move(batch));
        }
        changed_.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  // The order of an epoch; the last few are kept, since neighbouring batches share them.
  std::shared_ptr<const std::vector<int64_t>> order(int64_t epoch) {
    const std::lock_guard lock(order_mutex_);
    const auto found = orders_.find(epoch);
    if (found != orders_.end()) return found->second;
    auto made = std::make_shared<const std::vector<int64_t>>(
        Rng(options_.seed, {0x0de2, static_cast<uint64_t>(epoch)}).permutation(dataset_->size()));
    if (orders_.size() > 2) orders_.erase(orders_.begin());
    return orders_[epoch] = made;
  }

  Batch make(int64_t step) {
    const int64_t n = dataset_->size();
    const int64_t epoch = step / steps_per_epoch();
    const int64_t first = step % steps_per_epoch() * options_.batch;
    const int64_t count = std::min(options_.batch, n - first);
    std::shared_ptr<const std::vector<int64_t>> shuffled;
    std::vector<int64_t> drawn;
    if (class_batches_) {
      drawn = class_batches_->draw(Rng(options_.seed, {0xc1a5, static_cast<uint64_t>(step)}));
    } else if (options_.shuffle) {
      shuffled = order(epoch);
    }
    // A sample that is drawn twice in an epoch shall not be seen in the same views.
    const int64_t visit = class_batches_ ? step : epoch;

    Batch batch;
    batch.views.resize(transforms_.size());
    std::vector<std::vector<Tensor>> records(transforms_.size());
    batch.labels = at::empty({count}, at::kLong);
    batch.domains = at::empty({count}, at::kLong);
    batch.index = at::empty({count}, at::kLong);
    int64_t filled = 0;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t wanted = class_batches_ ? drawn[static_cast<size_t>(i)]
                             : shuffled     ? (*shuffled)[static_cast<size_t>(first + i)]
                                            : first + i;
      const auto stream = [&](size_t v) {
        return view_rng(options_.seed, visit, wanted, static_cast<int64_t>(v));
      };
      const std::optional<Sample> sample = read(wanted, epoch, [&](int64_t height, int64_t width) {
        PixelBox all = transforms_[0].looks_at(height, width, stream(0));
        for (size_t v = 1; v < transforms_.size(); ++v) {
          all = smallest_around(all, transforms_[v].looks_at(height, width, stream(v)));
        }
        return all;
      });
      if (!sample) continue;
      for (size_t v = 0; v < transforms_.size(); ++v) {
        Rng rng = stream(v);
        const auto& parts = sample->parts;
        const Tensor view = transforms_[v](parts.at(v % parts.size()), rng);
        if (options_.records) {
          records[v].push_back(view);
        } else {
          place(view, filled, count, batch.views[v]);
        }
      }
      batch.labels.data_ptr<int64_t>()[filled] = sample->label;
      batch.domains.data_ptr<int64_t>()[filled] = sample->domain;
      batch.index.data_ptr<int64_t>()[filled] = options_.shuffle ? sample->index : wanted;
      ++filled;
    }
    if (filled < count) {
      for (Tensor* t : {&batch.labels, &batch.domains, &batch.index}) *t = t->narrow(0, 0, filled);
      for (Tensor& view : batch.views) {
        if (view.defined()) view = view.narrow(0, 0, filled);
      }
    }
    for (size_t v = 0; options_.records && v < records.size(); ++v) {
      batch.starts.push_back(at::empty({filled}, at::kLong));
      batch.views[v] = joined(records[v], batch.starts.back());
    }
    return batch;
  }

  // Records one behind another.
  Tensor joined(const std::vector<Tensor>& records, Tensor& starts) const {
    int64_t bytes = 0;
    for (size_t i = 0; i < records.size(); ++i) {
      LIKEWISE_CHECK(records[i].scalar_type() == at::kByte && records[i].numel() % 8 == 0,
                     "a record of {} bytes", records[i].numel());
      starts.data_ptr<int64_t>()[i] = bytes;
      bytes += records[i].numel();
    }
    const Tensor all =
        at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(options_.pinned));
    for (size_t i = 0; i < records.size(); ++i) {
      std::memcpy(all.data_ptr<uint8_t>() + starts.data_ptr<int64_t>()[i], records[i].data_ptr(),
                  records[i].nbytes());
    }
    return all;
  }

  void place(const Tensor& view, int64_t i, int64_t count, Tensor& all) const {
    if (!all.defined()) {
      std::vector<int64_t> shape = view.sizes().vec();
      shape.insert(shape.begin(), count);
      all = at::empty(shape, view.options().pinned_memory(options_.pinned));
    }
    LIKEWISE_CHECK(view.is_contiguous() && view.sizes() == all.sizes().slice(1) &&
                       view.scalar_type() == all.scalar_type(),
                   "the views of a batch differ in size: sample {}", i);
    std::memcpy(static_cast<char*>(all.data_ptr()) + static_cast<size_t>(i) * view.nbytes(),
                view.data_ptr(), view.nbytes());
  }

  // Sample `wanted`. When that is broken: in a shuffled run another one, chosen by (seed, epoch,
  // wanted); in file order none.
  std::optional<Sample> read(int64_t wanted, int64_t epoch, const Window& window) {
    Rng other(options_.seed, {0xbad5, static_cast<uint64_t>(epoch), static_cast<uint64_t>(wanted)});
    for (int64_t index = wanted;; index = other.below(dataset_->size())) {
      if (is_bad(index)) {
        check_bad();  // another thread may have found that nothing whole is left
      } else {
        try {
          if (is_whole(index)) return dataset_->get_part(index, window);
          Sample sample = dataset_->get(index);
          remember_whole(index);
          return sample;
        } catch (const DataError& error) {
          remember(index, error.what());
        }
      }
      if (!options_.shuffle) return {};
    }
  }

  bool is_whole(int64_t index) const {
    const std::lock_guard lock(mutex_);
    return whole_[static_cast<size_t>(index)];
  }

  void remember_whole(int64_t index) {
    const std::lock_guard lock(mutex_);
    whole_[static_cast<size_t>(index)] = true;
  }

  bool is_bad(int64_t index) const {
    const std::lock_guard lock(mutex_);
    return bad_.count(index) > 0;
  }

  void remember(int64_t index, const std::string& message) {
    {
      const std::lock_guard lock(mutex_);
      bad_.emplace(index, message);
    }
    check_bad();
  }

  void check_bad() const {
    const std::lock_guard lock(mutex_);
    const auto bad = static_cast<int64_t>(bad_.size());
    if (bad >= dataset_->size()) {
      throw DataError("{}: all {} samples are broken; the first: {}", dataset_->info().name, bad,
                      bad_.begin()->second);
    }
    if (bad > options_.max_bad) {
      throw DataError("{}: {} samples are broken, more than --data.max_bad {}; the first: {}",
                      dataset_->info().name, bad, options_.max_bad, bad_.begin()->second);
    }
  }

  DatasetPtr dataset_;
  std::vector<Transform> transforms_;
  LoaderOptions options_;
  std::optional<ClassBatches> class_batches_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::thread> workers_;
  std::map<int64_t, Batch> ready_;
  std::map<int64_t, std::string> bad_;
  std::vector<bool> whole_;  // decoded to its end once, without an error
  int64_t next_to_make_ = 0, next_to_hand_out_ = 0;
  bool stopping_ = false;
  std::exception_ptr failure_;
  double waited_ = 0, worked_ = 0;

  std::mutex order_mutex_;
  std::map<int64_t, std::shared_ptr<const std::vector<int64_t>>> orders_;
};

Loader::Loader(DatasetPtr dataset, std::vector<Transform> transforms, const LoaderOptions& options)
    : state_(std::make_unique<State>(std::move(dataset), std::move(transforms), options)) {}
Loader::~Loader() = default;
int64_t Loader::steps_per_epoch() const { return state_->steps_per_epoch(); }
void Loader::seek(int64_t step) { state_->seek(step); }
Batch Loader::next() { return state_->next(); }
double Loader::waited() const { return state_->waited(); }
double Loader::worked() const { return state_->worked(); }
std::vector<std::string> Loader::bad_samples() const { return state_->bad_samples(); }

}  // namespace likewise
