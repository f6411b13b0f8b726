// likewise._core.InputSet: sounds, series and arrays as encoders take them; log_mel, read_sound.
#include "inputs.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "likewise/base/error.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/formats/sound.hpp"
#include "likewise/train/prepare.hpp"
#include "likewise/views/spectrum.hpp"

namespace likewise::python {

Tensor sample_of(const Tensor& x, Modality modality) {
  const bool over_time = modality == Modality::audio || modality == Modality::series;
  if (!x.defined() || x.numel() == 0 || x.dim() > 3 || (over_time && x.dim() > 2)) {
    throw UserError("a sample of {} must be {}; found {} dimensions, {} values",
                    modality_name(modality),
                    over_time ? "[C, T] or [T]" : "of one to three dimensions",
                    x.defined() ? x.dim() : 0, x.defined() ? x.numel() : 0);
  }
  const Tensor values = x.to(at::kCPU, at::kFloat).contiguous();
  return over_time && values.dim() == 1 ? values.unsqueeze(0) : values;
}

namespace {

struct ViewsOf {
  InputSpec& spec;
  template <class V>
  void fields(V& v) {
    spec.fields_of_views(v);
  }
};

InputSet for_data(const DataSet& data, const Texts& options) {
  InputSpec spec;
  const DatasetInfo& info = data.data->info();
  spec.modality = info.modality;
  if (spec.modality == Modality::image) {
    throw UserError("{} holds images: their views are likewise.Views", info.name);
  }
  ViewsOf views{spec};
  Fields fields(views);
  for (const auto& [key, text] : options) fields.set("views." + key, text, "views");
  return long_call([&] {
    const std::vector<Tensor> samples = sample_images(*data.data, 1000);
    const InputKind& kind = input_kind(spec.modality);
    kind.measure(spec, samples, info);
    kind.resolve(spec, samples);
    spec.data = settled({}, info);
    return InputSet(spec, data.data);
  });
}

InputSet from_text(const std::string& modality, const std::string& text) {
  InputSpec spec;
  spec.modality = parse_modality(modality);
  Fields fields(spec);
  fields.read_toml(text, "views");
  return InputSet(std::move(spec));
}

// [N, ...] for every view.
std::vector<Tensor> apply(const InputSet& self, const std::vector<Tensor>& given, bool evaluate,
                          uint64_t seed, int64_t epoch, const std::vector<int64_t>& index) {
  const auto n = static_cast<int64_t>(given.size());
  if (n == 0) throw UserError("there is no sample");
  if (!index.empty() && index.size() != given.size()) {
    throw UserError("index must hold one number a sample: {} samples, {} numbers", n, index.size());
  }
  std::vector<Tensor> samples;
  for (const Tensor& x : given) samples.push_back(sample_of(x, self.spec.modality));
  return long_call([&] {
    const c10::NoGradGuard no_grad;
    const std::vector<View>& views = evaluate ? self.evaluate : self.train;
    std::vector<std::vector<Tensor>> made(views.size(), std::vector<Tensor>(samples.size()));
    at::parallel_for(0, n, 1, [&](int64_t begin, int64_t end) {
      const c10::NoGradGuard no_grad_here;
      for (int64_t i = begin; i < end; ++i) {
        const auto at = static_cast<size_t>(i);
        for (size_t v = 0; v < views.size(); ++v) {
          Rng rng = view_rng(seed, epoch, index.empty() ? i : index[at], static_cast<int64_t>(v));
          made[v][at] = views[v](samples[at], rng);
        }
      }
    });
    std::vector<Tensor> out;
    for (const auto& rows : made) out.push_back(at::stack(rows));
    return out;
  });
}

// [..., T] -> [..., rows, frames]
Tensor log_mel(const Tensor& waves, double rate, int64_t size, bool linear, const Texts& texts) {
  if (!waves.defined() || waves.dim() < 1 || waves.numel() == 0) {
    throw UserError("log_mel takes waves [..., T] of at least one frame");
  }
  if (!(rate > 0) || size < 1) {
    throw UserError("log_mel needs a rate above 0 and a size of at least 1; found {} and {}", rate,
                    size);
  }
  const int64_t length = waves.size(-1);
  const SpectrumOptions o =
      resolve(options_of<SpectrumOptions>(texts, "log_mel"), rate, length, size);
  const Tensor rows = waves.to(at::kCPU, at::kFloat).contiguous().reshape({-1, length});
  std::vector<int64_t> shape = waves.sizes().vec();
  shape.pop_back();
  for (const int64_t extent : spectrogram_shape(o, length, linear)) shape.push_back(extent);
  return long_call([&] {
    const c10::NoGradGuard no_grad;
    const View view = to_spectrogram(o, rate, linear);
    std::vector<Tensor> made(static_cast<size_t>(rows.size(0)));
    at::parallel_for(0, rows.size(0), 1, [&](int64_t begin, int64_t end) {
      const c10::NoGradGuard no_grad_here;
      Rng unused(0);
      for (int64_t i = begin; i < end; ++i) {
        made[static_cast<size_t>(i)] = view(rows.narrow(0, i, 1), unused);
      }
    });
    return at::stack(made).reshape(shape);
  });
}

py::tuple sound_of_file(const std::string& path, int64_t rate) {
  Sound sound = long_call([&] {
    Sound read = read_sound(path);
    return rate > 0 ? resample_sound(read, rate) : read;
  });
  Tensor x = at::empty({sound.channels, sound.frames()}, at::kFloat);
  std::memcpy(x.data_ptr<float>(), sound.samples.data(), sound.samples.size() * sizeof(float));
  return py::make_tuple(std::move(x), sound.rate);
}

}  // namespace

void bind_inputs(py::module_& m) {
  m.def("log_mel", &log_mel);
  m.def("read_sound", &sound_of_file);
  m.def("inputs_for", &for_data);
  m.def("inputs_from", &from_text);
  py::class_<InputSet>(m, "InputSet")
      .def_property_readonly(
          "modality", [](const InputSet& s) { return std::string(modality_name(s.spec.modality)); })
      .def_property_readonly("rate", [](const InputSet& s) { return s.spec.signal.rate; })
      .def_property_readonly("shape",
                             [](const InputSet& s) {
                               std::vector<int64_t> shape = input_shape(s.spec).batch(1);
                               shape.erase(shape.begin());
                               return shape;
                             })
      .def_property_readonly("options",
                             [](const InputSet& s) {
                               InputSpec spec = s.spec;
                               const py::dict all = dict_of(ViewsOf{spec});
                               return py::dict(all["views"]);
                             })
      .def("text",
           [](const InputSet& s) {
             InputSpec spec = s.spec;
             return Fields(spec).to_toml();
           })
      .def("open",
           [](const InputSet& s, const std::string& path) {
             return long_call([&] { return DataSet{open_dataset(path, s.spec.data)}; });
           })
      .def("apply", &apply);
}

}  // namespace likewise::python
