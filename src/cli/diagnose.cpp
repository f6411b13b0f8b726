// likewise diagnose
#include <fmt/format.h>

#include <cmath>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/open.hpp"
#include "likewise/eval/batch_bias.hpp"
#include "likewise/train/trained_method.hpp"

namespace likewise::cli {

namespace {

struct DiagnoseOptions {
  std::string run, data;
  int64_t samples = 4096;
  double temperature = 0;
  int64_t seed = 0, threads = 0;
  template <class V>
  void fields(V& v) {
    v("run", run, "run whose encoder and projections to look at");
    v("data", data, "images; those of the run when not given");
    v("samples", samples, "how many of them", range(3, 1e6));
    v("temperature", temperature, "of the loss; 0: that of the run, or 0.2", range(0, 1e3));
    v("seed", seed, "of views and draws", range(0, 9e18));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
  }
};

double temperature_of(const DiagnoseOptions& options, const TrainedMethod& trained) {
  if (options.temperature > 0) return options.temperature;
  Fields fields;
  trained.method_options->describe(fields);
  const Field* field = fields.find("loss.temperature");
  const double found = field ? std::stod(field->get()) : 0;
  return found > 0 ? found : 0.2;
}

// What the figures mean for the batch of the run.
std::string advice(double gap, int64_t batch) {
  if (gap < 0.01) {
    return fmt::format(
        "a batch of {} is large enough: its loss reads {:.4f} nats below the full one", batch, gap);
  }
  const char* remedy =
      gap < 0.1 ? "--loss.decoupled or twice the batch (--chunk keeps the memory) will do"
                : "a larger batch by --chunk, method moco with its queue, or --loss.sogclr 0.9 is "
                  "worth its price";
  return fmt::format("a batch of {} under-estimates the loss by {:.3f} nats: {}", batch, gap,
                     remedy);
}

}  // namespace

int run_diagnose(const std::vector<std::string>& words) {
  DiagnoseOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Says whether the batch of a contrastive run is large enough: how far denominators from so "
        "many\n"
        "negatives lie below those of all, on the run's own encoder and data.\n\n"
        "  likewise diagnose batch --run runs/a\n\nOptions:\n{}",
        fields.help());
    return 0;
  }
  if (arguments.positional != std::vector<std::string>{"batch"}) {
    throw UserError("diagnose: what is to be diagnosed? There is: batch");
  }
  if (options.run.empty()) throw UserError("--run: a run of pretrain is needed");
  set_threads(static_cast<long>(options.threads));
  const TrainedMethod trained = load_method(options.run);
  const std::string path = options.data.empty() ? trained.options.data.path : options.data;
  const DatasetPtr data = open_dataset(path, trained.spec.data);
  const double temperature = temperature_of(options, trained);
  const auto pairs =
      embed_view_pairs(trained, *data, options.samples, static_cast<uint64_t>(options.seed));
  const int64_t m = pairs.z0.size(0), batch = trained.options.batch;

  std::vector<int64_t> sizes;
  for (int64_t s = 8; s <= 4096 && s < m; s *= 2) sizes.push_back(s);
  Rng rng(static_cast<uint64_t>(options.seed), {0xb1a5});
  const BatchBiasReport report = batch_bias(pairs.z0, temperature, sizes, 256, 16, rng);
  fmt::print("{} images of {}, method {}, temperature {}\n\n", format_count(m), path,
             trained.options.method, temperature);
  fmt::print("  negatives   log of the denominator   below the full value\n");
  for (const auto& b : report.sizes) {
    fmt::print("  {:>9}   {:>22.4f}   {:>12.4f} +- {:.4f}\n", b.negatives, b.estimate, b.gap,
               1.96 * b.gap_error);
  }
  fmt::print("  {:>9}   {:>22.4f}\n\n", fmt::format("all {}", m - 1), report.full);
  fmt::print("The gap falls as the number of negatives to the power {:.2f} (theory: -1).\n",
             report.slope);
  // An anchor of a batch has 2 batch - 2 negatives.
  const double here = report.relative_variance / (2.0 * static_cast<double>(2 * batch - 2));
  fmt::print("{}.\n", advice(here, batch));
  return 0;
}

}  // namespace likewise::cli
