#include "likewise/views/corruptions.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/round.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/views/geometry.hpp"
#include "views/canvas.hpp"
#include "views/image_tensor.hpp"

namespace likewise {

namespace {

struct Row {
  CorruptionEntry entry;
  void (*apply)(detail::Canvas&, int, Rng&);
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table = {
      {{"gaussian_noise", "noise"}, detail::gaussian_noise},
      {{"shot_noise", "noise"}, detail::shot_noise},
      {{"impulse_noise", "noise"}, detail::impulse_noise},
      {{"defocus_blur", "blur"}, detail::defocus_blur},
      {{"glass_blur", "blur"}, detail::glass_blur},
      {{"motion_blur", "blur"}, detail::motion_blur},
      {{"zoom_blur", "blur"}, detail::zoom_blur},
      {{"snow", "weather"}, detail::snow},
      {{"frost", "weather"}, detail::frost},
      {{"fog", "weather"}, detail::fog},
      {{"brightness", "weather"}, detail::brighter},
      {{"contrast", "digital"}, detail::less_contrast},
      {{"elastic", "digital"}, detail::elastic},
      {{"pixelate", "digital"}, detail::pixelate},
      {{"jpeg", "digital"}, detail::jpeg_compression},
  };
  return table;
}

size_t find_corruption(const std::string& name) {
  std::vector<std::string> names;
  for (size_t i = 0; i < rows().size(); ++i) {
    if (rows()[i].entry.name == name) return i;
    names.push_back(rows()[i].entry.name);
  }
  throw UserError("there is no corruption '{}'{}", name, did_you_mean(name, names));
}

class Corrupted : public Dataset {
 public:
  Corrupted(DatasetPtr base, std::string name, int severity, uint64_t seed)
      : base_(std::move(base)),
        name_(std::move(name)),
        severity_(severity),
        rng_(seed, {0xc044, find_corruption(name_), static_cast<uint64_t>(severity)}),
        info_(base_->info()) {
    info_.name += ", " + name_ + " " + std::to_string(severity);
  }
  int64_t size() const override { return base_->size(); }
  Sample get(int64_t i) const override {
    Sample sample = base_->get(i);
    Rng rng = rng_.fork({static_cast<uint64_t>(i)});
    sample.parts[0] =
        at::round(corrupt(sample.parts[0], name_, severity_, rng) * 255).to(at::kByte);
    return sample;
  }
  const DatasetInfo& info() const override { return info_; }
  int64_t label(int64_t i) const override { return base_->label(i); }
  int64_t domain(int64_t i) const override { return base_->domain(i); }
  std::string name(int64_t i) const override { return base_->name(i); }

 private:
  DatasetPtr base_;
  std::string name_;
  int severity_;
  Rng rng_;
  DatasetInfo info_;
};

}  // namespace

const std::vector<CorruptionEntry>& corruptions() {
  static const std::vector<CorruptionEntry> table = [] {
    std::vector<CorruptionEntry> out;
    for (const Row& row : rows()) out.push_back(row.entry);
    return out;
  }();
  return table;
}

Tensor corrupt(const Tensor& x, const std::string& name, int severity, Rng& rng) {
  const Row& row = rows()[find_corruption(name)];
  if (severity < 1 || severity > kSeverities) {
    throw UserError("{}: severity {}; accepted is 1 to {}", name, severity, kSeverities);
  }
  const Tensor image = to_float(checked_image(x, "corrupt", true)).contiguous();
  detail::Canvas canvas(image.size(0), image.size(1), image.size(2));
  std::copy_n(pixels(image), image.numel(), canvas.values.begin());
  row.apply(canvas, severity - 1, rng);
  const Tensor out = new_image_like(image);
  std::transform(canvas.values.begin(), canvas.values.end(), pixels(out),
                 [](float value) { return std::clamp(value, 0.0F, 1.0F); });
  return out;
}

DatasetPtr with_corruption(DatasetPtr dataset, const std::string& name, int severity,
                           uint64_t seed) {
  return std::make_shared<Corrupted>(std::move(dataset), name, severity, seed);
}

}  // namespace likewise
