#include "likewise/train/auto_method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "likewise/base/text.hpp"
#include "likewise/train/options.hpp"
#include "likewise/views/recipes.hpp"

namespace likewise {

namespace {

// Runs of this program that its figures were made with, in steps of 256: CIFAR-10 took 4,100,
// Fashion-MNIST 3,200, glyphs 1,600.
constexpr int64_t kSteps = 4000;
// The longest schedule of the published tables.
constexpr int64_t kMostEpochs = 1000;
// Where the published tables favour BYOL: lightly's shortest run is 200 epochs of 390 steps.
constexpr double kManyEpochs = 200, kManySteps = 50000;
constexpr int64_t kFewImages = 100000;
constexpr int64_t kSmallBatch = 64, kLargeBatch = 2048;

double number_of(const std::string& text) { return text.empty() ? 0 : std::atof(text.c_str()); }

// The run as far as it is settled.
struct Plan {
  int64_t batch = 0, steps = 0;  // 0: a budget in minutes
  double epochs = 0;
  std::string method;
};

class Rules {
 public:
  Rules(const AutoFacts& facts, const GivenOption& given) : facts_(facts), given_(given) {}

  std::vector<AutoRule> all() {
    settle_plan();
    choose_method();
    choose_batch();
    choose_views();
    choose_optimiser();
    choose_budget();
    remark_on_machine();
    return std::move(rules_);
  }

 private:
  bool open(std::string_view key) const { return given_(key).empty(); }
  void add(const std::string& option, const std::string& value, const std::string& because,
           const std::string& source) {
    if (option.empty() || open(option)) rules_.push_back({option, value, because, source});
  }

  void settle_plan() {
    plan_.batch = open("batch") ? usual_.batch : static_cast<int64_t>(number_of(given_("batch")));
    plan_.batch = std::clamp<int64_t>(plan_.batch, 2, std::max<int64_t>(2, facts_.samples));
    const double per_epoch = std::max(
        1.0, std::floor(static_cast<double>(facts_.samples) / static_cast<double>(plan_.batch)));
    if (!open("epochs")) {
      plan_.epochs = number_of(given_("epochs"));
      plan_.steps = std::llround(plan_.epochs * per_epoch);
    } else if (!open("steps")) {
      plan_.steps = static_cast<int64_t>(number_of(given_("steps")));
    } else if (open("minutes")) {
      plan_.steps = std::min(kSteps, static_cast<int64_t>(kMostEpochs * per_epoch));
    }
    plan_.epochs = static_cast<double>(plan_.steps) / per_epoch;
  }

  std::string planned() const {
    return plan_.steps == 0 ? "a budget in minutes"
                            : fmt::format("{} steps of {}, {:.0f} epochs",
                                          format_count(plan_.steps), plan_.batch, plan_.epochs);
  }

  void method(const std::string& name, const std::string& because, const std::string& source) {
    plan_.method = name;
    rules_.push_back({"method", name, because, source});
  }

  void choose_method() {
    const std::string encoder =
        given_("encoder.name").empty() ? given_("encoder") : given_("encoder.name");
    const std::string labels =
        facts_.labelled == 0
            ? ""
            : fmt::format(
                  "; {} of {} samples have a label, which plays no part unless --per_class "
                  "asks for batches by class",
                  format_count(facts_.labelled), format_count(facts_.samples));
    if (number_of(given_("per_class")) > 0) {
      method("supcon", "--per_class asks for batches by class: labels shall count",
             "solo-learn's CIFAR-10 table, ResNet-18, 1,000 epochs: SupCon 93.8 %, the best method "
             "without labels 93.2 %");
    } else if (encoder.rfind("vit", 0) == 0 || encoder.rfind("dino", 0) == 0) {
      method("moco_v3", "the encoder is a transformer" + labels,
             "stable-pretraining's Imagenette table, ViT-S/16, 200 epochs, kNN: MoCo v3 82.6 %, "
             "SimCLR 73.3 %, BYOL 56.0 %");
    } else if (plan_.epochs >= kManyEpochs && static_cast<double>(plan_.steps) >= kManySteps &&
               facts_.samples <= kFewImages && plan_.batch >= kSmallBatch) {
      method("byol",
             fmt::format("a long run ({}) on at most {} images{}", planned(),
                         format_count(kFewImages), labels),
             "lightly's CIFAR-10 table, ResNet-18, kNN: BYOL 86.9 % and SimCLR 84.7 % after 200 "
             "epochs, 91.0 % and 87.9 % after 800. On 126,000 images of ImageNet-100 it was the "
             "other way round (43.9 % and 46.9 %), hence the bound");
    } else {
      method("simclr",
             fmt::format("{}, {}{}",
                         facts_.images ? "a convolutional encoder" : "data that are no images",
                         planned(), labels),
             "docs/results.md: SimCLR is the method whose figures at budgets of minutes are "
             "measured here on four data sets. Whether another one is better there is what "
             "configs/methods-cifar10.toml and methods-glyphs.toml compare");
    }
  }

  void choose_batch() {
    if (open("batch")) {
      const bool few = plan_.batch < usual_.batch;
      add("batch", std::to_string(plan_.batch),
          few ? fmt::format("there are only {} samples", facts_.samples)
              : "one step's negatives, and a step of a second or less on a processor",
          few ? "a batch cannot be larger than the data"
              : "docs/results.md: every figure there; `likewise diagnose batch` says what a larger "
                "one would give");
    }
    if (plan_.method == "simclr" && plan_.batch < kSmallBatch) {
      add("loss.decoupled", "true",
          fmt::format("a batch of {}, below {}", plan_.batch, kSmallBatch),
          "Yeh et al., ECCV 2022, CIFAR-10, ResNet-18, kNN at batch 32: 83.7 % decoupled, 78.9 % "
          "not; at 128 lightly's table shows no difference");
    }
  }

  void choose_views() {
    if (!facts_.images) return;
    const RecipeChoice choice = choose_recipe(facts_.stats);
    add("views.recipe", choice.recipe, choice.reason,
        "include/likewise/views/image_stats.hpp: thresholds set on MNIST, USPS, rendered type, "
        "Fashion-MNIST and photographs");
    if (choice.recipe == "gray_photo" && plan_.method == "simclr" && open("views.recipe")) {
      const std::string source =
          "docs/results.md, Fashion-MNIST, chosen on a held-out fifth of the training labels: 1 "
          "label 52.0 % instead of 46.9 % with temperature 0.2 and crops from 8 %";
      add("loss.temperature", "0.5", "gray photographs", source);
      add("views.crop_min", "0.2", "gray photographs", source);
    }
  }

  void choose_optimiser() {
    if (!open("optim.name") || !open("optim") || !open("optim.lr")) return;
    if (plan_.method == "moco_v3") {
      const std::string source =
          "Chen, Xie, He, ICCV 2021: AdamW, 1.5e-4 times batch / 256, decay 0.1";
      add("optim.lr", "1.5e-4", "a transformer", source);
      add("optim.lr_scaling", "linear", "a transformer", source);
      add("optim.weight_decay", "0.1", "a transformer", source);
      add("schedule.warmup", "0.1", "a transformer", "Chen, Xie, He, ICCV 2021: 40 of 300 epochs");
      return;
    }
    if (plan_.batch >= kLargeBatch) {
      const std::string because =
          fmt::format("a batch of {}, from {} on", plan_.batch, kLargeBatch);
      const std::string source =
          "Chen et al., ICML 2020: LARS, 0.3 times batch / 256, decay 1e-6, "
          "batches of 256 to 8,192 on ImageNet";
      add("optim.name", "lars", because, source);
      add("optim.lr", "0.3", because, source);
      add("optim.lr_scaling", "linear", because, source);
      add("optim.weight_decay", "1e-6", because, source);
      return;
    }
    const OptimOptions usual = PretrainOptions::default_optim();
    add("optim.name", usual.name, fmt::format("a batch of {}, below {}", plan_.batch, kLargeBatch),
        fmt::format("docs/results.md: every figure there, at a rate of {} with decay {}", usual.lr,
                    usual.weight_decay));
  }

  void choose_budget() {
    if (open("epochs") && open("steps") && open("minutes")) {
      add("steps", std::to_string(plan_.steps),
          fmt::format("no budget was given; {:.0f} epochs of {} samples{}", plan_.epochs,
                      format_count(facts_.samples),
                      plan_.steps < kSteps ? fmt::format(", {} at most", kMostEpochs) : ""),
          plan_.steps < kSteps
              ? "solo-learn's tables stop at 1,000 epochs"
              : "docs/results.md: CIFAR-10 reached kNN 61.5 % after 4,100 steps, 20 minutes of one "
                "processor");
    }
    const ScheduleOptions usual;
    add("schedule.name", usual.name,
        fmt::format(
            "warm-up over {:.0f} % of the run, then along a cosine to 0",
            100 * (number_of(given_("schedule.warmup")) > 0 ? number_of(given_("schedule.warmup"))
                                                            : usual.warmup)),
        "Chen et al., ICML 2020, and every table named here");
  }

  // What is decided when the run is prepared, by the same facts.
  void remark_on_machine() {
    add("", "",
        fmt::format(
            "{} processor{}, no GPU: images of more than 64 pixels are made 64 (unless "
            "--views.size or --encoder says otherwise), the encoder is `small` up to there, "
            "and bf16 is used where a measurement at the start finds it faster",
            facts_.processors, facts_.processors == 1 ? "" : "s"),
        "docs/performance.md");
  }

  const AutoFacts& facts_;
  const GivenOption& given_;
  const PretrainOptions usual_{};
  Plan plan_;
  std::vector<AutoRule> rules_;
};

}  // namespace

std::vector<AutoRule> auto_rules(const AutoFacts& facts, const GivenOption& given) {
  return Rules(facts, given).all();
}

std::vector<std::string> auto_words(const std::vector<AutoRule>& rules) {
  std::vector<std::string> words;
  for (const AutoRule& rule : rules) {
    if (rule.option.empty()) continue;
    words.push_back("--" + rule.option);
    words.push_back(rule.value);
  }
  return words;
}

std::string auto_text(const AutoFacts& facts, const std::vector<AutoRule>& rules) {
  std::string out = fmt::format("{} samples, {} with a label", format_count(facts.samples),
                                format_count(facts.labelled));
  if (facts.images) {
    out += fmt::format(", images of {} x {}, {} channel{}", facts.stats.height, facts.stats.width,
                       facts.stats.channels, facts.stats.channels == 1 ? "" : "s");
  }
  out += "\n";
  for (const AutoRule& rule : rules) {
    if (rule.option.empty()) {
      out += fmt::format("\nmachine\n    {}\n    source: {}\n", rule.because, rule.source);
    } else {
      out += fmt::format("\n--{} {}\n    {}\n    source: {}\n", rule.option, rule.value,
                         rule.because, rule.source);
    }
  }
  return out;
}

}  // namespace likewise
