// likewise._core.Encoder: an encoder whose tensors Python's modules and optimisers share.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include <algorithm>

#include "core.hpp"
#include "inputs.hpp"
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
  InputShape shape;
};

// `sizes` of an input without the batch: [C, H, W], [C, T] or [D].
EncoderHandle make(const Texts& texts, const std::vector<int64_t>& sizes, uint64_t seed) {
  const bool possible =
      !sizes.empty() && sizes.size() <= 3 && *std::min_element(sizes.begin(), sizes.end()) >= 1;
  if (!possible) {
    throw UserError("an encoder needs one to three sizes of at least 1; found [{}]",
                    fmt::join(sizes, ", "));
  }
  EncoderHandle out;
  out.shape = {sizes[0], {sizes.begin() + 1, sizes.end()}};
  out.options = resolve(options_of<EncoderOptions>(texts, "encoder"), out.shape);
  // As training makes them: equal seeds give equal weights.
  out.encoder =
      long_call([&] { return make_encoder(out.options, out.shape, Rng(seed, {0x1417})); });
  return out;
}

Tensor forward(const EncoderHandle& e, const Tensor& x) {
  const auto dimensions = static_cast<int64_t>(e.shape.extent.size()) + 2;
  const bool images = dimensions == 4;  // of any size where the architecture allows
  if (!x.defined() || x.dim() != dimensions || x.size(1) != e.shape.channels) {
    const std::vector<int64_t>& extent = e.shape.extent;
    throw UserError("the encoder takes [N, {}{}]; found [{}]", e.shape.channels,
                    images           ? ", H, W"
                    : extent.empty() ? std::string()
                                     : fmt::format(", {}", fmt::join(extent, ", ")),
                    x.defined() ? fmt::format("{}", fmt::join(x.sizes().vec(), ", ")) : "nothing");
  }
  return long_call([&] { return e.encoder->forward(channels_last(x)); });
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

// (encoder, origin, views and statistics of images, or the inputs of anything else)
py::tuple load_run(const std::string& path) {
  TrainedEncoder trained = long_call([&] { return load_encoder(path); });
  EncoderHandle handle{trained.encoder, trained.spec.encoder, input_shape(trained.spec)};
  if (trained.spec.modality != Modality::image) {
    return py::make_tuple(std::move(handle), trained.origin, InputSet(trained.spec));
  }
  return py::make_tuple(std::move(handle), trained.origin, dict_of(trained.spec.views),
                        dict_of(trained.spec.stats));
}

py::tuple extract_with(TrainedEncoder model, const EncoderHandle& self, const DataSet& data) {
  model.spec.encoder = self.options;
  model.encoder = self.encoder;
  const Extraction found = long_call([&] { return extract_features(model, data.data); });
  return py::make_tuple(found.set.x, found.set.y, found.index, found.bad);
}

py::tuple extract_inputs(const EncoderHandle& self, const InputSet& inputs, const DataSet& data) {
  TrainedEncoder model;
  static_cast<InputSpec&>(model.spec) = inputs.spec;
  return extract_with(std::move(model), self, data);
}

py::tuple extract(const EncoderHandle& self, const Texts& views, const Texts& stats,
                  const DataSet& data) {
  TrainedEncoder model;
  model.spec.views = options_of<ImageViewOptions>(views, "views");
  model.spec.stats = options_of<ImageStats>(stats, "stats");
  return extract_with(std::move(model), self, data);
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
      .def_property_readonly("shape",
                             [](const EncoderHandle& e) {
                               std::vector<int64_t> sizes = e.shape.batch(1);
                               sizes.erase(sizes.begin());
                               return sizes;
                             })
      .def_property_readonly("options", [](const EncoderHandle& e) { return dict_of(e.options); })
      .def("forward", &forward)
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
      .def("extract", &extract)
      .def("extract_inputs", &extract_inputs);
}

}  // namespace likewise::python
