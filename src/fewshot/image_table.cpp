#include "likewise/fewshot/image_table.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>

#include <cstring>

#include "likewise/base/error.hpp"
#include "likewise/base/interrupt.hpp"
#include "likewise/base/progress.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/nn/memory_format.hpp"

namespace likewise::fewshot {

namespace {

// out = in turned counter-clockwise by `quarters`; both [side, side].
void copy_turned(const float* in, float* out, int64_t side, int64_t quarters) {
  if (quarters == 0) {
    std::memcpy(out, in, sizeof(float) * static_cast<size_t>(side * side));
    return;
  }
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < side; ++x) {
      const int64_t from = quarters == 1   ? x * side + side - 1 - y
                           : quarters == 2 ? (side - 1 - y) * side + side - 1 - x
                                           : (side - 1 - x) * side + y;
      out[y * side + x] = in[from];
    }
  }
}

}  // namespace

ImageTable::ImageTable(const Tensor& images, LabelledItems items) : items_(std::move(items)) {
  if (images.dim() != 4 || images.scalar_type() != at::kFloat) {
    throw DataError("{}: a table of images is float [n, C, S, S]", items_.name);
  }
  if (images.size(0) != static_cast<int64_t>(items_.labels.size())) {
    throw DataError("{}: {} images but {} labels", items_.name, images.size(0),
                    items_.labels.size());
  }
  if (items_.turns != 1 && (items_.turns != 4 || images.size(2) != images.size(3))) {
    throw DataError("{}: quarter turns need square images, these are {} x {}", items_.name,
                    images.size(2), images.size(3));
  }
  images_ = images.contiguous();
}

Tensor ImageTable::gather(const std::vector<int64_t>& positions) const {
  const int64_t channels = images_.size(1), n = images_.size(0);
  const int64_t plane = images_.size(2) * images_.size(3);
  Tensor out = at::empty(
      {static_cast<int64_t>(positions.size()), channels, images_.size(2), images_.size(3)},
      at::kFloat);
  const float* from = images_.data_ptr<float>();
  float* to = out.data_ptr<float>();
  for (size_t b = 0; b < positions.size(); ++b) {
    const int64_t position = positions[b];
    LIKEWISE_CHECK(position >= 0 && position < size(), "image {} of {}", position, size());
    for (int64_t c = 0; c < channels; ++c, to += plane) {
      copy_turned(from + (position % n * channels + c) * plane, to, side(), position / n);
    }
  }
  return channels_last(out);
}

Tensor stack_images(const std::vector<Tensor>& images, const std::string& name) {
  if (images.empty()) throw DataError("{}: there is no image", name);
  for (const Tensor& image : images) {
    if (image.sizes() != images[0].sizes()) {
      throw DataError(
          "{}: images have several sizes, [{}] and [{}]; bring them to one, as a view of a fixed "
          "size does",
          name, fmt::join(images[0].sizes().vec(), ", "), fmt::join(image.sizes().vec(), ", "));
    }
  }
  return at::stack(images);
}

ImageTable load_images(const DatasetPtr& dataset, const Transform& view, int64_t turns,
                       const std::string& say, int64_t max_bad, int64_t most_bytes) {
  LoaderOptions options;
  options.shuffle = false;
  options.max_bad = max_bad;
  Loader loader(dataset, {view}, options);
  ProgressLine progress(say.empty() ? "none" : "auto");
  LabelledItems items;
  items.name = dataset->info().name;
  items.class_names = dataset->info().class_names;
  items.domain_names = dataset->info().domain_names;
  items.turns = turns;
  std::vector<Tensor> rows;
  const int64_t steps = loader.steps_per_epoch();
  for (int64_t step = 0; step < steps; ++step) {
    check_interrupt();
    const Batch batch = loader.next();
    if (batch.index.size(0) == 0) continue;
    if (rows.empty()) {
      const int64_t bytes = batch.views[0].numel() / batch.index.size(0) * dataset->size() * 4;
      if (bytes > most_bytes) {
        throw UserError(
            "{}: {} images of {} x {} pixels need {} of memory; a smaller --views.size or "
            "--data.limit needs less",
            items.name, format_count(dataset->size()), batch.views[0].size(2),
            batch.views[0].size(3), format_bytes(bytes));
      }
    }
    rows.push_back(batch.views[0].contiguous());
    const int64_t *label = batch.labels.data_ptr<int64_t>(),
                  *domain = batch.domains.data_ptr<int64_t>();
    items.labels.insert(items.labels.end(), label, label + batch.labels.size(0));
    items.domains.insert(items.domains.end(), domain, domain + batch.domains.size(0));
    progress.update(static_cast<double>(step) / static_cast<double>(steps), say);
  }
  if (rows.empty()) {
    throw DataError("{}: none of {} images could be read", items.name, dataset->size());
  }
  return ImageTable(at::cat(rows), std::move(items));
}

}  // namespace likewise::fewshot
