// likewise._core.ViewSet: resolved views, applied to batches.
#include "views.hpp"

#include <ATen/Parallel.h>

#include <cmath>

#include "likewise/base/error.hpp"
#include "view_batch.hpp"

namespace likewise::python {
namespace {

// As Python calls it.
const char* type_name(at::ScalarType type) {
  switch (type) {
    case at::kBool: return "bool";
    case at::kByte: return "uint8";
    case at::kChar: return "int8";
    case at::kShort: return "int16";
    case at::kInt: return "int32";
    case at::kLong: return "int64";
    case at::kHalf: return "float16";
    case at::kFloat: return "float32";
    case at::kDouble: return "float64";
    default: return c10::toString(type);
  }
}

std::string shape_text(const Tensor& x) {
  return fmt::format("{} [{}]", type_name(x.scalar_type()), fmt::join(x.sizes().vec(), ", "));
}

bool is_channels(int64_t n) { return n == 1 || n == 3; }

// Whether the last three dimensions [a, b, c] of x could be [H, W, C] as well as [C, H, W].
bool is_ambiguous(const Tensor& x) {
  return is_channels(x.size(x.dim() - 3)) && is_channels(x.size(x.dim() - 1));
}

// Whether the last three dimensions are [H, W, C].
bool channels_are_last(const Tensor& x, const std::string& layout) {
  if (layout == "chw") return false;
  if (layout == "hwc") return true;
  const bool last = is_channels(x.size(x.dim() - 1));
  if (is_ambiguous(x)) {
    throw UserError("images {} could be [C, H, W] or [H, W, C]; say layout='chw' or 'hwc'",
                    shape_text(x));
  }
  return last;
}

// `x` is [H, W], or three dimensions in the given order.
Pixels pixels_of(const Tensor& x, bool last) {
  Pixels p;
  p.data = x.data_ptr();
  p.bytes = x.scalar_type() == at::kByte;
  if (x.dim() == 2) {
    p.channels = 1;
    p.height = x.size(0), p.width = x.size(1);
    p.row_step = x.stride(0), p.column_step = x.stride(1);
  } else {
    const int64_t c = last ? 2 : 0, h = last ? 0 : 1, w = last ? 1 : 2;
    p.channels = x.size(c), p.height = x.size(h), p.width = x.size(w);
    p.channel_step = x.stride(c), p.row_step = x.stride(h), p.column_step = x.stride(w);
  }
  if (!is_channels(p.channels)) {
    throw UserError("an image {} has {} channels; accepted are 1 or 3", shape_text(x), p.channels);
  }
  if (p.height < 1 || p.width < 1) throw UserError("an image {} has no pixels", shape_text(x));
  return p;
}

void check_type(const Tensor& x) {
  const bool known = x.scalar_type() == at::kByte || x.scalar_type() == at::kFloat;
  if (!known || !x.device().is_cpu()) {
    throw UserError("images must be uint8 (or float32 in 0..1) on the CPU; found {} on {}",
                    shape_text(x), x.device().str());
  }
}

}  // namespace

std::vector<Pixels> images_of(const py::object& images, const std::string& layout) {
  std::vector<Pixels> out;
  if (py::isinstance<py::list>(images)) {
    std::vector<Tensor> all;
    // A tiny image may be read both ways: the others of its list say how.
    std::string shared = layout;
    for (const auto& item : images) {
      all.push_back(py::cast<Tensor>(item));
      const Tensor& x = all.back();
      check_type(x);
      if (x.dim() != 2 && x.dim() != 3) {
        throw UserError("an image of a list must be [C, H, W], [H, W, C] or [H, W]; found {}",
                        shape_text(x));
      }
      if (layout == "auto" && x.dim() == 3 && !is_ambiguous(x)) {
        shared = channels_are_last(x, layout) ? "hwc" : "chw";
      }
    }
    for (const Tensor& x : all) {
      const bool open = x.dim() == 3 && is_ambiguous(x);
      out.push_back(pixels_of(x, x.dim() == 3 && channels_are_last(x, open ? shared : layout)));
    }
  } else {
    const auto x = py::cast<Tensor>(images);
    check_type(x);
    if (x.dim() != 3 && x.dim() != 4) {
      throw UserError("images must be [N, C, H, W], [N, H, W, C] or [N, H, W]; found {}",
                      shape_text(x));
    }
    if (x.size(0) > 0) {
      const Pixels first = pixels_of(x.select(0, 0), x.dim() == 4 && channels_are_last(x, layout));
      const int64_t step = x.stride(0) * x.element_size();
      out.assign(static_cast<size_t>(x.size(0)), first);
      for (size_t i = 0; i < out.size(); ++i) {
        out[i].data = static_cast<const char*>(first.data) + static_cast<int64_t>(i) * step;
      }
    }
  }
  if (out.empty()) throw UserError("there is no image");
  return out;
}

namespace {

ImageStats measure(const py::object& images, const std::string& layout) {
  const std::vector<Pixels> pixels = images_of(images, layout);
  return long_call([&] {
    // Up to a thousand, evenly spaced, as training measures its data.
    constexpr size_t kMost = 1000;
    const size_t count = std::min(kMost, pixels.size());
    std::vector<Tensor> sample;
    for (size_t i = 0; i < count; ++i) {
      std::vector<uint8_t> memory;
      Pixels p = pixels[i * pixels.size() / count];
      if (!p.bytes) throw UserError("the kind of images is measured on uint8; found float32");
      sample.push_back(planar(p, memory).clone());
    }
    return measure_images(sample);
  });
}

std::vector<int64_t> rows_of(const py::object& index, size_t n) {
  std::vector<int64_t> out;
  if (index.is_none()) {
    for (size_t i = 0; i < n; ++i) out.push_back(static_cast<int64_t>(i));
    return out;
  }
  const auto given = py::cast<Tensor>(index).to(at::kCPU, at::kLong).contiguous();
  if (given.dim() != 1 || given.size(0) != static_cast<int64_t>(n)) {
    throw UserError("index must hold one number an image: {} images, {} numbers", n, given.numel());
  }
  out.assign(given.data_ptr<int64_t>(), given.data_ptr<int64_t>() + n);
  return out;
}

}  // namespace

ViewSet::ViewSet(const Texts& options, const Texts& stats_texts, bool elementary)
    : stats(options_of<ImageStats>(stats_texts, "stats")) {
  const auto asked = options_of<ImageViewOptions>(options, "views");
  if (stats.channels != 1 && stats.channels != 3) {
    throw UserError("stats: channels is {}; accepted are 1 or 3", stats.channels);
  }
  const auto channels = static_cast<size_t>(stats.channels);
  if (stats.mean.size() != channels || stats.std.size() != channels) {
    throw UserError("mean and std need {} values, one a channel; found {} and {}", channels,
                    stats.mean.size(), stats.std.size());
  }
  for (double s : stats.std) {
    if (!(s > 0)) throw UserError("std must be above 0; found {}", s);
  }
  resolved = resolve(asked, stats);
  train = train_views(resolved, stats, elementary);
  evaluate = {eval_view(resolved, stats)};
}

void bind_views(py::module_& m) {
  m.def("measure", [](const py::object& images, const std::string& layout) {
    return dict_of(measure(images, layout));
  });
  m.def("choose_recipe", [](const Texts& stats) {
    const RecipeChoice choice = choose_recipe(options_of<ImageStats>(stats, "stats"));
    return std::pair{choice.recipe, choice.reason};
  });
  m.def("recipes", [] {
    py::list out;
    for (const ViewRecipe& recipe : view_recipes()) {
      out.append(py::make_tuple(recipe.name, recipe.summary, dict_of(recipe.defaults)));
    }
    return out;
  });
  py::class_<ViewSet>(m, "ViewSet")
      .def(py::init<const Texts&, const Texts&, bool>())
      .def_property_readonly("options", [](const ViewSet& s) { return dict_of(s.resolved); })
      .def_property_readonly("stats", [](const ViewSet& s) { return dict_of(s.stats); })
      .def("apply", [](const ViewSet& self, const py::object& images, const std::string& layout,
                       bool evaluate, uint64_t seed, int64_t epoch, const py::object& index,
                       int64_t threads) {
        const std::vector<Pixels> pixels = images_of(images, layout);
        const std::vector<int64_t> rows = rows_of(index, pixels.size());
        if (threads <= 0) threads = at::get_num_threads();
        return long_call([&] {
          return view_batch(evaluate ? self.evaluate : self.train, pixels, seed, epoch, rows,
                            threads);
        });
      });
}

}  // namespace likewise::python
