// likewise._core.DataSet and Loader.
#include "data.hpp"

#include <ATen/ops/empty.h>

#include "inputs.hpp"
#include "likewise/base/error.hpp"
#include "likewise/data/decoded_cache.hpp"
#include "likewise/data/loader.hpp"
#include "likewise/data/memory.hpp"
#include "likewise/data/open.hpp"
#include "likewise/data/subset.hpp"
#include "likewise/train/prepare.hpp"
#include "views.hpp"

namespace likewise::python {
namespace {

std::vector<int64_t> numbers(const Tensor& x) {
  if (!x.defined()) return {};
  const Tensor flat = x.to(at::kCPU, at::kLong).contiguous();
  if (flat.dim() != 1) throw UserError("labels must be one number an image");
  return {flat.data_ptr<int64_t>(), flat.data_ptr<int64_t>() + flat.numel()};
}

template <class Get>
Tensor column(const Dataset& data, const Get& get) {
  const int64_t n = data.size();
  Tensor out = at::empty({n}, at::kLong);
  int64_t* to = out.data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) to[i] = get(i);
  return out;
}

int64_t position(const Dataset& data, int64_t i) {
  const int64_t n = data.size();
  if (i < -n || i >= n)
    throw py::index_error("sample " + std::to_string(i) + " of " + std::to_string(n));
  return i < 0 ? i + n : i;
}

DataSet open(const std::string& path, const Texts& options) {
  const auto o = options_of<OpenOptions>(options, "open_dataset");
  return long_call([&] { return DataSet{open_dataset(path, o)}; });
}

DataSet from_memory(const Tensor& images, const Tensor& labels, const Tensor& domains,
                    std::vector<std::string> class_names, std::vector<std::string> domain_names) {
  DatasetInfo info;
  info.class_names = std::move(class_names);
  info.domain_names = std::move(domain_names);
  return {memory_dataset(images, numbers(labels), numbers(domains), std::move(info))};
}

// The statistics that training would measure.
py::dict stats_of(const DataSet& self) {
  return dict_of(long_call([&] { return measure_images(sample_images(*self.data, 1000)); }));
}

// `Views` are a ViewSet of images or an InputSet of anything else.
template <class Views>
std::unique_ptr<Loader> make_loader(const DataSet& data, const Views& views, bool evaluate,
                                    int64_t batch, int64_t threads, int64_t ahead, uint64_t seed,
                                    bool shuffle, int64_t max_bad) {
  LoaderOptions o;
  o.batch = batch, o.threads = threads, o.ahead = ahead, o.seed = seed;
  o.shuffle = shuffle, o.max_bad = max_bad;
  if (batch < 1 || threads < 1 || ahead < 1) {
    throw UserError("batch, threads and ahead must be at least 1; found {}, {} and {}", batch,
                    threads, ahead);
  }
  std::vector<Transform> transforms;
  for (const View& view : evaluate ? views.evaluate : views.train) transforms.push_back(view);
  return std::make_unique<Loader>(data.data, std::move(transforms), o);
}

// Ends the loader's threads without holding them up for Python.
struct LoaderDeleter {
  void operator()(Loader* loader) const {
    const py::gil_scoped_release release;
    delete loader;
  }
};

template <class Views, class Class>
void bind_loader_of(Class& type) {
  type.def(
      py::init([](const DataSet& data, const Views& views, bool evaluate, int64_t batch,
                  int64_t threads, int64_t ahead, uint64_t seed, bool shuffle, int64_t max_bad) {
        return std::unique_ptr<Loader, LoaderDeleter>(
            make_loader(data, views, evaluate, batch, threads, ahead, seed, shuffle, max_bad)
                .release());
      }));
}

}  // namespace

void bind_data(py::module_& m) {
  m.def("open_dataset", &open);
  m.def("memory_dataset", &from_memory);
  m.def("dataset_kinds", [] {
    py::list out;
    for (const DatasetKindInfo& kind : dataset_kinds()) {
      out.append(py::make_tuple(kind.name, kind.summary, kind.parts));
    }
    return out;
  });
  py::class_<DataSet>(m, "DataSet")
      .def("__len__", [](const DataSet& s) { return s.data->size(); })
      .def("get",
           [](const DataSet& s, int64_t i) {
             const int64_t at = position(*s.data, i);
             const Sample sample = long_call([&] { return s.data->get(at); });
             return std::pair{sample.parts.at(0), sample.label};
           })
      .def("name_of",
           [](const DataSet& s, int64_t i) { return s.data->name(position(*s.data, i)); })
      .def_property_readonly("name", [](const DataSet& s) { return s.data->info().name; })
      .def_property_readonly(
          "modality",
          [](const DataSet& s) { return std::string(modality_name(s.data->info().modality)); })
      .def_property_readonly("rate", [](const DataSet& s) { return s.data->info().rate; })
      .def_property_readonly("kind", [](const DataSet& s) { return s.data->info().kind; })
      .def_property_readonly("class_names",
                             [](const DataSet& s) { return s.data->info().class_names; })
      .def_property_readonly("domain_names",
                             [](const DataSet& s) { return s.data->info().domain_names; })
      .def("labels",
           [](const DataSet& s) {
             return column(*s.data, [&](int64_t i) { return s.data->label(i); });
           })
      .def("domains",
           [](const DataSet& s) {
             return column(*s.data, [&](int64_t i) { return s.data->domain(i); });
           })
      .def("subset",
           [](const DataSet& s, const Tensor& rows) {
             std::vector<int64_t> at = numbers(rows);
             for (int64_t& i : at) i = position(*s.data, i);
             return DataSet{subset(s.data, std::move(at))};
           })
      .def("cached",
           [](const DataSet& s, int64_t bytes) { return DataSet{decoded_cache(s.data, bytes)}; })
      .def("stats", &stats_of);
  py::class_<Loader, std::unique_ptr<Loader, LoaderDeleter>> type(m, "Loader");
  bind_loader_of<ViewSet>(type);
  bind_loader_of<InputSet>(type);
  type.def("steps_per_epoch", &Loader::steps_per_epoch)
      .def("seek", &Loader::seek, py::call_guard<py::gil_scoped_release>())
      .def("next",
           [](Loader& loader) {
             const Batch batch = long_call([&] { return loader.next(); });
             return std::tuple{batch.views, batch.labels, batch.index};
           })
      .def("bad_samples", &Loader::bad_samples)
      .def("waited", &Loader::waited);
}

}  // namespace likewise::python
