// Losses as functions of tensors that autograd knows.
#include "core.hpp"
#include "likewise/losses/alignment_uniformity.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/nt_xent.hpp"

namespace likewise::python {

void bind_losses(py::module_& m) {
  m.def("nt_xent", [](const Tensor& z0, const Tensor& z1, const Tensor& log_inverse_temperature,
                      bool plain, const Texts& options) {
    const auto o = options_of<NtXentOptions>(options, "nt_xent");
    return long_call(
        [&] { return (plain ? nt_xent_plain : nt_xent)(z0, z1, o, log_inverse_temperature); });
  });
  py::class_<InfoNcePairs>(m, "InfoNcePairs")
      .def(py::init<>())
      .def_readwrite("positive", &InfoNcePairs::positive)
      .def_readwrite("positive_key", &InfoNcePairs::positive_key)
      .def_readwrite("itself", &InfoNcePairs::self)
      .def_readwrite("query_group", &InfoNcePairs::query_group)
      .def_readwrite("key_group", &InfoNcePairs::key_group)
      .def_readwrite("groups_attract", &InfoNcePairs::groups_attract)
      .def_readwrite("key_log_weight", &InfoNcePairs::key_log_weight);
  m.def("info_nce", [](const Tensor& q, const Tensor& k, const InfoNcePairs& pairs,
                       const Tensor& log_inverse_temperature, bool plain, const Texts& options) {
    const auto o = options_of<InfoNceOptions>(options, "info_nce");
    return long_call([&] {
      return (plain ? info_nce_plain : info_nce)(q, k, pairs, o, log_inverse_temperature);
    });
  });
  m.def("clip_loss", [](const Tensor& a, const Tensor& b, const Tensor& groups,
                        const Tensor& log_inverse_temperature, const Texts& options) {
    const auto o = options_of<InfoNceOptions>(options, "clip_loss");
    return long_call([&] { return clip_loss(a, b, o, log_inverse_temperature, groups); });
  });
  m.def("sup_con", [](const Tensor& z0, const Tensor& z1, const Tensor& labels,
                      const Tensor& log_inverse_temperature, const Texts& options) {
    const auto o = options_of<InfoNceOptions>(options, "sup_con");
    return long_call([&] { return sup_con(z0, z1, labels, o, log_inverse_temperature); });
  });
  m.def("alignment", [](const Tensor& x, const Tensor& y, double alpha) {
    return long_call([&] { return alignment(x, y, alpha); });
  });
  m.def("uniformity",
        [](const Tensor& x, double t) { return long_call([&] { return uniformity(x, t); }); });
}

}  // namespace likewise::python
