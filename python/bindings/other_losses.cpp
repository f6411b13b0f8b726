// Losses beside the cross-entropies over similarities: decorrelation, teachers, metric learning.
#include "core.hpp"
#include "likewise/losses/decorrelation.hpp"
#include "likewise/losses/dino.hpp"
#include "likewise/losses/n_pair.hpp"
#include "likewise/losses/prototypical.hpp"
#include "likewise/losses/regression.hpp"
#include "likewise/losses/spectral.hpp"
#include "likewise/losses/swav.hpp"
#include "likewise/losses/triplet.hpp"
#include "likewise/losses/weighted_nt_xent.hpp"

namespace likewise::python {

void bind_other_losses(py::module_& m) {
  m.def("barlow_twins", [](const Tensor& z0, const Tensor& z1, double lambda, double scale) {
    return long_call([&] { return barlow_twins(z0, z1, {lambda, scale}); });
  });
  m.def("vicreg", [](const Tensor& z0, const Tensor& z1, const Texts& options) {
    const auto o = options_of<VicRegOptions>(options, "vicreg");
    return long_call([&] { return vicreg(z0, z1, o); });
  });
  m.def("spectral_contrastive", [](const Tensor& z0, const Tensor& z1, double mu) {
    return long_call([&] { return spectral_contrastive(z0, z1, mu); });
  });
  m.def("sinkhorn", [](const Tensor& scores, double epsilon, int64_t iterations) {
    return long_call([&] { return sinkhorn(scores, epsilon, iterations); });
  });
  m.def("swav", [](const std::vector<Tensor>& scores, double temperature, double epsilon,
                   int64_t iterations, const std::vector<Tensor>& queued) {
    return long_call([&] { return swav(scores, {temperature, epsilon, iterations}, queued); });
  });
  m.def("dino", [](const std::vector<Tensor>& student, const std::vector<Tensor>& teacher,
                   const Tensor& centre, double student_temperature, double teacher_temperature) {
    return long_call(
        [&] { return dino(student, teacher, centre, student_temperature, teacher_temperature); });
  });
  m.def("negative_cosine", [](const Tensor& p, const Tensor& z) {
    return long_call([&] { return negative_cosine(p, z); });
  });
  m.def("n_pair", [](const Tensor& anchor, const Tensor& positive, const Texts& options) {
    const auto o = options_of<NPairOptions>(options, "n_pair");
    return long_call([&] { return n_pair(anchor, positive, o); });
  });
  m.def("triplet", [](const Tensor& z, const Tensor& labels, const Texts& options) {
    const auto o = options_of<TripletOptions>(options, "triplet");
    return long_call([&] { return triplet(z, labels, o); });
  });
  m.def("contrastive_margin", [](const Tensor& z, const Tensor& labels, const Texts& options) {
    const auto o = options_of<ContrastiveMarginOptions>(options, "contrastive_margin");
    return long_call([&] { return contrastive_margin(z, labels, o); });
  });
  m.def("weighted_nt_xent",
        [](const Tensor& z0, const Tensor& z1, const Tensor& groups, double temperature,
           bool decoupled, double tau_plus, double beta, bool normalize) {
          const WeightedNtXentOptions o{temperature, decoupled, tau_plus, beta, normalize};
          return long_call([&] { return weighted_nt_xent(z0, z1, o, groups); });
        });
  m.def("prototypical", [](const Tensor& support, const Tensor& query, double temperature) {
    return long_call([&] { return prototypical(support, query, temperature); });
  });
}

}  // namespace likewise::python
