// likewise._core: errors, the option tables, and what the other files bind.

#include "core.hpp"
#include "likewise/base/error.hpp"
#include "likewise/data/open.hpp"
#include "likewise/eval/episodes.hpp"
#include "likewise/eval/few_label.hpp"
#include "likewise/eval/kmeans.hpp"
#include "likewise/eval/knn.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/eval/map.hpp"
#include "likewise/eval/novelty.hpp"
#include "likewise/eval/select.hpp"
#include "likewise/losses/contrastive.hpp"
#include "likewise/losses/decorrelation.hpp"
#include "likewise/losses/n_pair.hpp"
#include "likewise/losses/nt_xent.hpp"
#include "likewise/losses/triplet.hpp"
#include "likewise/nn/encoder_options.hpp"
#include "likewise/version.hpp"
#include "likewise/views/recipes.hpp"
#include "likewise/views/spectrum.hpp"

namespace likewise::python {
namespace {

// The classes that likewise/errors.py defines; alive as long as the interpreter.
py::handle g_user_error, g_data_error, g_training_error, g_invariant_error;

void set_error_classes(const py::object& user, const py::object& data, const py::object& training,
                       const py::object& invariant) {
  g_user_error = user.inc_ref();
  g_data_error = data.inc_ref();
  g_training_error = training.inc_ref();
  g_invariant_error = invariant.inc_ref();
}

void translate(std::exception_ptr error) {
  const auto raise = [](py::handle type, const std::exception& e) {
    PyErr_SetString(type ? type.ptr() : PyExc_RuntimeError, e.what());
  };
  try {
    if (error) std::rethrow_exception(error);
  } catch (const UserError& e) {
    raise(g_user_error, e);
  } catch (const DataError& e) {
    raise(g_data_error, e);
  } catch (const TrainingError& e) {
    raise(g_training_error, e);
  } catch (const InvariantError& e) {
    raise(g_invariant_error, e);
  }
}

py::dict option_tables() {
  py::dict tables;
  tables["views"] = describe<ImageViewOptions>();
  tables["spectrum"] = describe<SpectrumOptions>();
  tables["open"] = describe<OpenOptions>();
  tables["nt_xent"] = describe<NtXentOptions>();
  tables["info_nce"] = describe<InfoNceOptions>();
  tables["vicreg"] = describe<VicRegOptions>();
  tables["n_pair"] = describe<NPairOptions>();
  tables["triplet"] = describe<TripletOptions>();
  tables["contrastive_margin"] = describe<ContrastiveMarginOptions>();
  tables["encoder"] = describe<EncoderOptions>();
  tables["knn"] = describe<KnnOptions>();
  tables["linear_probe"] = describe<LinearProbeOptions>();
  tables["few_label"] = describe<FewLabelOptions>();
  tables["episodes"] = describe<EpisodeOptions>();
  tables["tsne"] = describe<TsneOptions>();
  tables["kmeans"] = describe<KMeansOptions>();
  tables["novelty"] = describe<NoveltyOptions>();
  tables["suggest"] = describe<SelectOptions>();
  return tables;
}

}  // namespace
}  // namespace likewise::python

PYBIND11_MODULE(_core, m) {
  using namespace likewise::python;
  m.attr("__version__") = likewise::kVersion;
  py::register_local_exception_translator(&translate);
  m.def("set_error_classes", &set_error_classes);
  m.def("option_tables", &option_tables);
  bind_views(m);
  bind_data(m);
  bind_inputs(m);
  bind_losses(m);
  bind_other_losses(m);
  bind_eval(m);
  bind_encoders(m);
}
