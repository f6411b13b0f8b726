// Losses as functions of tensors that autograd knows.
#include "core.hpp"
#include "likewise/losses/alignment_uniformity.hpp"
#include "likewise/losses/nt_xent.hpp"

namespace likewise::python {

void bind_losses(py::module_& m) {
  m.def("nt_xent", [](const Tensor& z0, const Tensor& z1, const Tensor& log_inverse_temperature,
                      bool plain, const Texts& options) {
    const auto o = options_of<NtXentOptions>(options, "nt_xent");
    return long_call(
        [&] { return (plain ? nt_xent_plain : nt_xent)(z0, z1, o, log_inverse_temperature); });
  });
  m.def("alignment", [](const Tensor& x, const Tensor& y, double alpha) {
    return long_call([&] { return alignment(x, y, alpha); });
  });
  m.def("uniformity",
        [](const Tensor& x, double t) { return long_call([&] { return uniformity(x, t); }); });
}

}  // namespace likewise::python
