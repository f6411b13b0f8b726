// likewise predict
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/csv.hpp"
#include "likewise/nn/device.hpp"
#include "likewise/train/classifier.hpp"

namespace likewise::cli {

namespace {

struct PredictOptions {
  std::string model, data, out;
  double refuse = 1;
  std::string device = "auto";
  int64_t threads = 0;
  template <class V>
  void fields(V& v) {
    v("model", model, "model folder that likewise fit made");
    v("data", data, "images to classify: a folder, a list, an image");
    v("out", out, "file to write: .csv, or .jsonl with all probabilities; none: to the terminal");
    v("refuse", refuse, "call an image foreign when its novelty is above this", range(0, 1));
    v("device", device,
      "where the encoder runs: auto (a GPU if libtorch can use one), cpu, cuda, "
      "cuda:N");
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
  }
};

constexpr const char* kForeign = "(foreign)";

}  // namespace

int run_predict(const std::vector<std::string>& words) {
  PredictOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Classifies images. Novelty is the share of the training images that are less unusual\n"
        "than this one: near 1 means that nothing like it was seen.\n\n"
        "  likewise predict --model model --data new-photos --out predictions.csv\n\n{}",
        fields.help());
    return 0;
  }
  for (const auto& [value, name] : {std::pair{&options.model, "model"}, {&options.data, "data"}}) {
    if (value->empty())
      throw UserError("predict: --{} is needed; see likewise predict --help", name);
  }
  set_threads(static_cast<long>(options.threads));
  const Classifier classifier = load_classifier(options.model);
  classifier.model.encoder->to(choose_device(options.device));
  const DatasetPtr data = open_dataset(options.data, classifier.model.spec.data);
  const Extraction features =
      extract_features(classifier.model, data, options.out.empty() ? "" : "classifying");
  const Prediction prediction = predict(classifier, features.set.x);
  const bool json_lines = options.out.size() > 6 && options.out.ends_with(".jsonl");
  std::string text = json_lines ? "" : csv_line({"path", "class", "probability", "novelty"});
  int64_t right = 0, known = 0, foreign = 0;
  const bool same_classes = data->info().class_names == classifier.class_names;
  for (size_t row = 0; row < features.index.size(); ++row) {
    const auto r = static_cast<int64_t>(row);
    const int64_t index = features.index[row], label = prediction.label[r].item<int64_t>();
    const double novelty = prediction.novelty[r].item<double>();
    const double probability = prediction.probabilities[r][label].item<double>();
    const bool is_foreign = novelty > options.refuse;
    const std::string name =
        is_foreign ? kForeign : classifier.class_names.at(static_cast<size_t>(label));
    foreign += is_foreign;
    if (same_classes && data->label(index) >= 0) {
      ++known;
      right += label == data->label(index);
    }
    if (json_lines) {
      nlohmann::json all = nlohmann::json::object();
      for (size_t c = 0; c < classifier.class_names.size(); ++c) {
        all[classifier.class_names[c]] =
            prediction.probabilities[r][static_cast<int64_t>(c)].item<double>();
      }
      text += nlohmann::json{{"path", data->name(index)},
                             {"class", name},
                             {"probability", probability},
                             {"novelty", novelty},
                             {"probabilities", all}}
                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
              "\n";
    } else {
      text += csv_line({data->name(index), name, fmt::format("{:.4f}", probability),
                        fmt::format("{:.4f}", novelty)});
    }
  }
  if (options.out.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(options.out, text);
    fmt::print("{} predictions in {}\n", format_count(static_cast<int64_t>(features.index.size())),
               options.out);
  }
  for (const auto& bad : features.bad) fmt::print(stderr, "left out: {}\n", bad);
  if (foreign > 0)
    fmt::print(stderr, "{} images are foreign (novelty above {})\n", foreign, options.refuse);
  if (known > 0) {
    fmt::print(stderr, "the images have labels: {:.1f} % of {} are predicted right\n",
               100.0 * static_cast<double>(right) / static_cast<double>(known),
               format_count(known));
  }
  return 0;
}

}  // namespace likewise::cli
