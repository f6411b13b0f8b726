#include "likewise/train/trained_method.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/train/checkpoint.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/run_folder.hpp"

namespace likewise {

TrainedMethod load_method(const std::filesystem::path& run) {
  const RunFolder folder{run};
  if (!std::filesystem::exists(folder.options())) {
    throw UserError("{} is not a run of pretrain: it has no run.toml", run.string());
  }
  const std::string text = read_text(folder.options()), name = folder.options().string();
  TrainedMethod trained;
  trained.options.modality = peek_toml(text, name, "modality", "image");
  trained.method_options = find_method(peek_toml(text, name, "method", "simclr")).make_options();
  Fields fields(trained.options);
  trained.method_options->describe(fields);
  fields.read_toml(text, name);

  const Checkpoint checkpoint = load_checkpoint(folder.checkpoint());
  trained.spec = EncoderSpec::from_toml(checkpoint.meta("spec"), checkpoint.path);
  trained.method = trained.method_options->make(trained.spec.make());
  TrainContext context;
  context.batch = trained.options.batch;
  // A bank is as long as the data set of the run was.
  for (const auto& [tensor_name, tensor] : checkpoint.under("model.")) {
    if (tensor_name == "bank" || tensor_name == "log_averages") context.samples = tensor.size(0);
  }
  trained.method->begin(context);
  load_tensors(*trained.method, checkpoint.under("model."));
  to_channels_last(*trained.method);
  trained.method->eval();
  trained.learned = find_viewmaker(run);
  return trained;
}

ViewPair embed_view_pairs(const TrainedMethod& trained, const Dataset& data, int64_t samples,
                          uint64_t seed) {
  constexpr int64_t kChunk = 256;
  const at::NoGradGuard no_grad;
  const auto views = train_views(trained.spec);
  const int64_t n = data.size(), wanted = std::min(samples, n);
  std::vector<Tensor> z[2];
  std::vector<Tensor> waiting[2];
  const auto flush = [&] {
    for (int v = 0; v < 2 && !waiting[v].empty(); ++v) {
      Tensor x = channels_last(at::stack(waiting[v]));
      if (trained.learned) {
        x = trained.learned->view(x,
                                  {viewmaker_noise(seed, static_cast<int64_t>(z[v].size()), 5, v)});
      }
      z[v].push_back(trained.method->embed(x));
      waiting[v].clear();
    }
  };
  for (int64_t k = 0; k < wanted; ++k) {
    const int64_t index = k * n / wanted;
    try {
      const std::vector<Tensor> parts = data.get(index).parts;
      for (uint64_t v = 0; v < 2; ++v) {
        Rng rng(seed, {0xd1a6, static_cast<uint64_t>(index), v});
        waiting[v].push_back(views.at(v)(parts.at(v % parts.size()), rng));
      }
    } catch (const DataError&) {
      continue;  // a broken image tells nothing here
    }
    if (static_cast<int64_t>(waiting[0].size()) == kChunk) flush();
  }
  flush();
  if (z[0].empty()) throw DataError("{}: no image could be read", data.info().name);
  return {at::cat(z[0]), at::cat(z[1])};
}

}  // namespace likewise
