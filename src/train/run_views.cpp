#include "train/run_views.hpp"

#include <string>
#include <vector>

#include "likewise/base/error.hpp"
#include "views/batch_views.hpp"

namespace likewise::detail {

namespace {

// The random views by turns, then the local crops; `usual` has two views and the local ones.
template <class T>
std::vector<T> in_order(const std::vector<T>& usual, int64_t count) {
  std::vector<T> views;
  for (int64_t v = 0; v < count; ++v) views.push_back(usual.at(static_cast<size_t>(v % 2)));
  views.insert(views.end(), usual.begin() + 2, usual.end());
  return views;
}

// Before them that of evaluation, if it is wanted.
std::vector<Transform> loader_views(const SampleDemand& demand, const PreparedRun& run) {
  std::vector<Transform> views;
  if (demand.plain_first) views.push_back(eval_view(run.spec));
  for (const View& view : in_order(train_views(run.spec, run.data), demand.views)) {
    views.push_back(view);
  }
  return views;
}

bool on_device(const std::string& who, const SampleDemand& demand, const PreparedRun& run) {
  if (who == "loader" || (who == "auto" && run.device.is_cpu())) return false;
  const bool bytes = run.spec.modality == Modality::image &&
                     sample_images(*run.data, 1).at(0).scalar_type() == at::kByte;
  if (who == "auto") {
    return run.device.is_cuda() && has_device_views() && bytes && !demand.plain_first;
  }
  const auto refuse = [](const std::string& why) {
    throw UserError("--data.views_on device: {}; --data.views_on loader is accepted", why);
  };
  if (run.device.is_cpu()) refuse("--device is the processor");
  if (run.device.is_cuda() && !has_device_views()) refuse("this build is without LIKEWISE_CUDA");
  if (!bytes) refuse("it is for images of bytes");
  if (demand.plain_first) refuse("this method looks at the plain image, too");
  return true;
}

}  // namespace

void settle_views(const PretrainOptions& options, const SampleDemand& demand, PreparedRun& run) {
  run.views = loader_views(demand, run);
  run.health_views = loader_views({}, run);
  if (!on_device(options.data.views_on, demand, run)) return;
  // The loader brings records, and views are made of them where they arrive.
  const std::vector<BatchViews> views =
      in_order(batch_views(run.spec.views, run.spec.stats), demand.views);
  run.views.clear();
  for (const BatchViews& one : views) run.views.push_back(one.record());
  run.loader.records = true;
  run.make_views = [views](size_t v, const Tensor& records, const Tensor& starts) {
    return views.at(v).make(records, starts, {at::kFloat, true});
  };
}

}  // namespace likewise::detail
