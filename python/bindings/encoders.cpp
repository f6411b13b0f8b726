// likewise._core.Encoder: an encoder whose tensors Python's modules and optimisers share.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include "core.hpp"
#include "data.hpp"
#include "likewise/base/error.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/weights.hpp"
#include "likewise/train/bundle.hpp"

namespace likewise::python {
namespace {

struct EncoderHandle {
  std::shared_ptr<Encoder> encoder;
  EncoderOptions options;  // resolved
  int64_t channels = 0, image_size = 0;
};

EncoderHandle make(const Texts& texts, int64_t channels, int64_t image_size, uint64_t seed) {
  if (channels < 1 || image_size < 1) {
    throw UserError("an encoder needs channels and image_size of at least 1; found {} and {}",
                    channels, image_size);
  }
  EncoderHandle out;
  out.options = resolve(options_of<EncoderOptions>(texts, "encoder"), image_size);
  out.channels = channels, out.image_size = image_size;
  // As training makes them: equal seeds give equal weights.
  out.encoder = long_call(
      [&] { return make_encoder(out.options, channels, image_size, Rng(seed, {0x1417})); });
  return out;
}

using Names = std::vector<std::pair<std::string, Tensor>>;

template <class Items>
Names names_of(const Items& items) {
  Names out;
  for (const auto& item : items) {
    if (item.value().defined()) out.emplace_back(item.key(), item.value());
  }
  return out;
}

py::tuple load_run(const std::string& path) {
  TrainedEncoder trained = long_call([&] { return load_encoder(path); });
  if (trained.spec.modality != Modality::image) {
    throw UserError("{}: an encoder of {}; the Python package reads encoders of images so far",
                    path, input_kind(trained.spec.modality).items);
  }
  EncoderHandle handle{trained.encoder, trained.spec.encoder, trained.spec.channels(),
                       trained.spec.views.size};
  return py::make_tuple(std::move(handle), dict_of(trained.spec.views), dict_of(trained.spec.stats),
                        trained.origin);
}

py::tuple extract(const EncoderHandle& self, const Texts& views, const Texts& stats,
                  const DataSet& data) {
  TrainedEncoder model;
  model.spec.encoder = self.options;
  model.spec.views = options_of<ImageViewOptions>(views, "views");
  model.spec.stats = options_of<ImageStats>(stats, "stats");
  model.encoder = self.encoder;
  const Extraction found = long_call([&] { return extract_features(model, data.data); });
  return py::make_tuple(found.set.x, found.set.y, found.index, found.bad);
}

}  // namespace

void bind_encoders(py::module_& m) {
  m.def("encoder_names", [] {
    py::list out;
    for (const EncoderEntry& entry : encoder_catalogue()) {
      out.append(py::make_tuple(entry.name, entry.summary));
    }
    return out;
  });
  m.def("make_encoder", &make);
  m.def("load_run", &load_run);
  py::class_<EncoderHandle>(m, "Encoder")
      .def_property_readonly("feature_dim",
                             [](const EncoderHandle& e) { return e.encoder->feature_dim(); })
      .def_readonly("channels", &EncoderHandle::channels)
      .def_readonly("image_size", &EncoderHandle::image_size)
      .def_property_readonly("options", [](const EncoderHandle& e) { return dict_of(e.options); })
      .def("forward",
           [](const EncoderHandle& e, const Tensor& x) {
             if (!x.defined() || x.dim() != 4 || x.size(1) != e.channels) {
               throw UserError(
                   "the encoder takes [N, {}, H, W]; found [{}]", e.channels,
                   x.defined() ? fmt::format("{}", fmt::join(x.sizes().vec(), ", ")) : "nothing");
             }
             return long_call([&] { return e.encoder->forward(channels_last(x)); });
           })
      .def("train", [](const EncoderHandle& e, bool on) { e.encoder->train(on); })
      .def("parameters",
           [](const EncoderHandle& e) { return names_of(e.encoder->named_parameters()); })
      .def("buffers", [](const EncoderHandle& e) { return names_of(e.encoder->named_buffers()); })
      .def("save",
           [](const EncoderHandle& e, const std::string& path) {
             long_call([&] { save_weights(path, *e.encoder); });
           })
      .def("load",
           [](const EncoderHandle& e, const std::string& path, bool strict) {
             const LoadReport report = long_call([&] {
               return load_weights(path, *e.encoder, strict ? Match::kStrict : Match::kLenient);
             });
             return report.text();
           })
      .def("extract", &extract);
}

}  // namespace likewise::python
