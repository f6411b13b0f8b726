// Evaluations of frozen features.
#include <nlohmann/json.hpp>

#include "core.hpp"
#include "likewise/base/error.hpp"
#include "likewise/eval/calibration.hpp"
#include "likewise/eval/duplicates.hpp"
#include "likewise/eval/episodes.hpp"
#include "likewise/eval/few_label.hpp"
#include "likewise/eval/health.hpp"
#include "likewise/eval/kmeans.hpp"
#include "likewise/eval/knn.hpp"
#include "likewise/eval/linear_probe.hpp"
#include "likewise/eval/map.hpp"
#include "likewise/eval/novelty.hpp"
#include "likewise/eval/scores.hpp"
#include "likewise/eval/search.hpp"
#include "likewise/eval/select.hpp"
#include "likewise/eval/spectrum.hpp"
#include "likewise/eval/sphere.hpp"

namespace likewise::python {
namespace {

FeatureSet features(const Tensor& x, const Tensor& y) {
  FeatureSet set;
  set.x = x;
  set.y = y;
  return set;
}

Metric metric_of(const std::string& name) {
  if (name == "cosine") return Metric::kCosine;
  if (name == "inner") return Metric::kInnerProduct;
  if (name == "l2") return Metric::kL2;
  throw UserError("metric is '{}'; accepted are cosine, inner, l2", name);
}

py::object to_python(const nlohmann::json& json) {
  return py::module_::import("json").attr("loads")(json.dump());
}

void bind_classifiers(py::module_& m) {
  m.def("knn_predict",
        [](const Tensor& x, const Tensor& y, const Tensor& test, const Texts& texts) {
          const auto o = options_of<KnnOptions>(texts, "knn");
          return long_call([&] { return knn_predict(x, y, test, o); });
        });
  m.def("knn_scores", [](const Tensor& x, const Tensor& y, const Tensor& test, const Texts& texts) {
    const auto o = options_of<KnnOptions>(texts, "knn");
    return long_call([&] { return knn_scores(x, y, test, o); });
  });
  m.def("knn_accuracy", [](const Tensor& x, const Tensor& y, const Tensor& test_x,
                           const Tensor& test_y, const Texts& texts) {
    const auto o = options_of<KnnOptions>(texts, "knn");
    return long_call([&] { return knn_accuracy(features(x, y), features(test_x, test_y), o); });
  });
  py::class_<LinearProbe>(m, "LinearProbe")
      .def("logits", [](const LinearProbe& p,
                        const Tensor& x) { return long_call([&] { return p.model.logits(x); }); })
      .def("probabilities",
           [](const LinearProbe& p, const Tensor& x) {
             return long_call([&] { return p.model.probabilities(x); });
           })
      .def("predict", [](const LinearProbe& p,
                         const Tensor& x) { return long_call([&] { return p.model.predict(x); }); })
      .def("accuracy",
           [](const LinearProbe& p, const Tensor& x, const Tensor& y) {
             return long_call([&] { return probe_accuracy(p, features(x, y)); });
           })
      .def_property_readonly("weight", [](const LinearProbe& p) { return p.model.weight; })
      .def_property_readonly("bias", [](const LinearProbe& p) { return p.model.bias; })
      .def_property_readonly("mean", [](const LinearProbe& p) { return p.model.mean; })
      .def_property_readonly("std", [](const LinearProbe& p) { return p.model.std; })
      .def_readonly("penalty", &LinearProbe::penalty)
      .def_readonly("note", &LinearProbe::note)
      .def_property_readonly("trials", [](const LinearProbe& p) {
        py::list out;
        for (const PenaltyTrial& t : p.trials) {
          py::dict row;
          row["penalty"] = t.penalty;
          row["accuracy"] = t.accuracy;
          row["negative_log_likelihood"] = t.negative_log_likelihood;
          out.append(row);
        }
        return out;
      });
  m.def("linear_probe", [](const Tensor& x, const Tensor& y, const Texts& texts) {
    const auto o = options_of<LinearProbeOptions>(texts, "linear_probe");
    return long_call([&] { return fit_linear_probe(features(x, y), o); });
  });
  m.def("few_label", [](const Tensor& x, const Tensor& y, const Tensor& test_x,
                        const Tensor& test_y, const Texts& texts) {
    const auto o = options_of<FewLabelOptions>(texts, "few_label");
    const auto rows =
        long_call([&] { return few_label_table(features(x, y), features(test_x, test_y), o); });
    py::list out;
    for (const FewLabelRow& row : rows) {
      py::dict d;
      d["labels_per_class"] = row.labels_per_class;
      d["accuracy"] = row.accuracy.mean;
      d["half_width"] = row.accuracy.half_width;
      d["draws"] = row.draws;
      d["skipped"] = row.skipped;
      out.append(d);
    }
    return out;
  });
  m.def("episodes", [](const Tensor& x, const Tensor& y, const Texts& texts) {
    const auto o = options_of<EpisodeOptions>(texts, "episodes");
    const EpisodeResult r = long_call([&] { return episodes_by_prototype(features(x, y), o); });
    py::dict d;
    d["accuracy"] = r.accuracy.mean;
    d["half_width"] = r.accuracy.half_width;
    d["episodes"] = r.episodes;
    d["classes"] = r.classes;
    return d;
  });
  m.def("classification_scores", [](const Tensor& probabilities, const Tensor& labels) {
    const auto s = long_call([&] { return classification_scores(probabilities, labels); });
    nlohmann::json json;
    to_json(json, s);
    return to_python(json);
  });
  m.def("fit_temperature", [](const Tensor& logits, const Tensor& labels) {
    return long_call([&] { return fit_temperature(logits, labels); });
  });
}

void bind_figures(py::module_& m) {
  m.def("health", [](const Tensor& h, const Tensor& z0, const Tensor& z1) {
    const Health health = long_call([&] { return measure_health(h, z0, z1); });
    nlohmann::json json;
    to_json(json, health);
    return std::pair{to_python(json), verdict(health)};
  });
  m.def("sphere_alignment", [](const Tensor& x, const Tensor& y) {
    return long_call([&] { return sphere_alignment(x, y); });
  });
  m.def("sphere_uniformity",
        [](const Tensor& x) { return long_call([&] { return sphere_uniformity(x); }); });
  m.def("spectrum", [](const Tensor& x) {
    const Spectrum s = long_call([&] { return spectrum(x); });
    py::dict d;
    d["rankme"] = s.rankme;
    d["effective_rank"] = s.effective_rank;
    d["participation_ratio"] = s.participation_ratio;
    return d;
  });
  m.def("pca", [](const Tensor& x, int64_t k) { return long_call([&] { return pca(x, k); }); });
  m.def("tsne", [](const Tensor& x, const Texts& texts) {
    const auto o = options_of<TsneOptions>(texts, "tsne");
    return long_call([&] { return tsne(x, o); });
  });
}

void bind_neighbours(py::module_& m) {
  m.def("top_k",
        [](const Tensor& queries, const Tensor& base, int64_t k, const std::string& metric) {
          const Metric by = metric_of(metric);
          const Neighbours n = long_call([&] { return top_k(queries, base, k, by); });
          return std::pair{n.scores, n.indices};
        });
  m.def("top_k_others", [](const Tensor& x, int64_t k, const std::string& metric) {
    const Metric by = metric_of(metric);
    const Neighbours n = long_call([&] { return top_k_others(x, k, by); });
    return std::pair{n.scores, n.indices};
  });
  m.def("near_duplicates", [](const Tensor& x, double threshold) {
    return long_call([&] { return near_duplicates(x, threshold); });
  });
  m.def("kmeans", [](const Tensor& x, const Texts& texts) {
    const auto o = options_of<KMeansOptions>(texts, "kmeans");
    const KMeansResult r = long_call([&] { return kmeans(x, o); });
    return std::tuple{r.centres, r.labels, r.inertia};
  });
  m.def("suggest", [](const Tensor& x, const std::vector<int64_t>& labelled, const Texts& texts) {
    const auto o = options_of<SelectOptions>(texts, "suggest");
    const Suggestion s = long_call([&] { return suggest(x, labelled, o); });
    return std::pair{s.rows, s.scores};
  });
  py::class_<NoveltyModel>(m, "Novelty")
      .def("distance", [](const NoveltyModel& n,
                          const Tensor& x) { return long_call([&] { return n.distance(x); }); })
      .def("score", [](const NoveltyModel& n, const Tensor& x) {
        return long_call([&] { return n.score(x); });
      });
  m.def("fit_novelty", [](const Tensor& x, const Texts& texts) {
    const auto o = options_of<NoveltyOptions>(texts, "novelty");
    return long_call([&] { return fit_novelty(x, o); });
  });
}

}  // namespace

void bind_eval(py::module_& m) {
  bind_classifiers(m);
  bind_figures(m);
  bind_neighbours(m);
}

}  // namespace likewise::python
