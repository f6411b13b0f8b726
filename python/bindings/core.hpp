#pragma once
// Shared by the bindings: tensors as Python knows them, options as dictionaries, and long calls
// that let other Python threads run and stop at Ctrl-C.

#include <ATen/core/Tensor.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <type_traits>
#include <vector>

#include "likewise/base/interrupt.hpp"
#include "likewise/base/options.hpp"
#include "likewise/tensor.hpp"

namespace py = pybind11;

namespace likewise::python {

// A Python tensor that shares memory, gradient and identity with `x`; None for an undefined one.
PyObject* wrap_tensor(const at::Tensor& x);
// False where `object` is neither a tensor nor None.
bool unwrap_tensor(PyObject* object, at::Tensor& x);

}  // namespace likewise::python

namespace pybind11::detail {
template <>
struct type_caster<at::Tensor> {
  PYBIND11_TYPE_CASTER(at::Tensor, const_name("torch.Tensor"));
  bool load(handle source, bool) { return likewise::python::unwrap_tensor(source.ptr(), value); }
  static handle cast(const at::Tensor& x, return_value_policy, handle) {
    return likewise::python::wrap_tensor(x);
  }
};
}  // namespace pybind11::detail

namespace likewise::python {

// A signal has set Python's error.
struct Interrupted {};

// work(), other Python threads running meanwhile; Python's signal handlers run now and then.
template <class Work>
auto long_call(Work&& work) {
  try {
    const py::gil_scoped_release release;
    const InterruptScope scope([] {
      const py::gil_scoped_acquire acquire;
      if (PyErr_CheckSignals() != 0) throw Interrupted{};
    });
    return work();
  } catch (const Interrupted&) {
    throw py::error_already_set();
  }
}

using Texts = std::vector<std::pair<std::string, std::string>>;

// Options from texts as the command line would give them. `origin` begins an error's message.
template <class Options>
Options options_of(const Texts& texts, const std::string& origin) {
  Options options;
  Fields fields(options);
  for (const auto& [key, text] : texts) fields.set(key, text, origin);
  return options;
}

// The values of an option struct under their names.
class DictWriter {
 public:
  template <class T, class... Rest>
  void operator()(std::string_view name, const T& value, Rest&&...) {
    dict_[py::str(name.data(), name.size())] = py::cast(value);
  }
  template <class Options>
  void group(std::string_view name, Options& options) {
    DictWriter inner;
    options.fields(inner);
    dict_[py::str(name.data(), name.size())] = inner.dict_;
  }
  const py::dict& dict() const { return dict_; }

 private:
  py::dict dict_;
};

template <class Options>
py::dict dict_of(Options options) {
  DictWriter writer;
  options.fields(writer);
  return writer.dict();
}

// Type and default of every option; a number whose default is unset has the default None.
class Describer {
 public:
  explicit Describer(const Fields& fields) : fields_(fields) {}
  template <class T, class... Rest>
  void operator()(std::string_view name, const T& value, std::string_view help, Rest&&...) {
    py::dict row;
    row["name"] = py::str(name.data(), name.size());
    row["type"] = type_name(value);
    row["default"] = py::cast(value);
    if constexpr (std::is_same_v<T, double>) {
      if (value != value) row["default"] = py::none();
    }
    row["help"] = py::str(help.data(), help.size());
    row["accepted"] = fields_.find(name)->accepted;
    rows_.append(row);
  }
  const py::list& rows() const { return rows_; }

 private:
  static const char* type_name(bool) { return "bool"; }
  static const char* type_name(int64_t) { return "int"; }
  static const char* type_name(double) { return "float"; }
  static const char* type_name(const std::string&) { return "str"; }
  static const char* type_name(const std::vector<double>&) { return "list[float]"; }
  static const char* type_name(const std::vector<int64_t>&) { return "list[int]"; }

  const Fields& fields_;
  py::list rows_;
};

template <class Options>
py::list describe() {
  Options options;
  const Fields fields(options);
  Describer describer(fields);
  options.fields(describer);
  return describer.rows();
}

void bind_views(py::module_& m);
void bind_data(py::module_& m);
void bind_inputs(py::module_& m);
void bind_losses(py::module_& m);
void bind_other_losses(py::module_& m);
void bind_eval(py::module_& m);
void bind_encoders(py::module_& m);

}  // namespace likewise::python
