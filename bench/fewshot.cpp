// Training by episodes: gradient and optimiser step of prototypical networks and of learners that
// adapt; episodes on features that are there.
#include "likewise/fewshot/batch.hpp"
#include "likewise/fewshot/catalogue.hpp"
#include "likewise/fewshot/evaluate.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/optim/optimizer.hpp"
#include "support.hpp"

namespace likewise {
namespace {

// Items: episodes, or for MAML steps of 8 tasks.
void train(benchmark::State& state, const char* name, const fewshot::EpisodeShape& shape,
           int64_t tasks) {
  fewshot::LabelledItems items;
  for (int64_t i = 0; i < 2000; ++i) items.labels.push_back(i / 20);
  items.domains.assign(2000, -1);
  const fewshot::ImageTable table(bench::normal(2, {2000, 1, 28, 28}), items);
  const fewshot::EpisodeSampler sampler(table.items(), shape);
  fewshot::MethodInput input;
  input.encoder.name = "conv4";
  input.encoder.width = 64;
  input.ways = shape.ways;
  const auto method = fewshot::find_method(name).make_options()->make(input);
  initialize(*method, Rng(1));
  to_channels_last(*method);
  std::vector<ParameterInfo> parameters;
  for (const auto& item : method->named_parameters())
    parameters.push_back({item.key(), item.value(), false});
  OptimOptions adam;
  adam.name = "adam";
  adam.weight_decay = 0;
  const auto optimizer = make_optimizer(adam, parameters);
  int64_t step = 0;
  for (auto _ : state) {
    const auto batch =
        fewshot::make_batch(table, sampler, 1, fewshot::EpisodeUse::kTrain, step++ * tasks, tasks);
    optimizer->zero_grad();
    method->accumulate(batch, 1);
    optimizer->step(1e-3);
  }
  state.SetItemsProcessed(state.iterations());
}

// Items: episodes. 423 classes of 20, 64 features each; 15 queries a class.
void evaluate(benchmark::State& state) {
  fewshot::LabelledItems items;
  for (int64_t i = 0; i < 8460; ++i) items.labels.push_back(i / 20);
  items.domains.assign(items.labels.size(), -1);
  const fewshot::EpisodeSampler sampler(items, {state.range(0), state.range(1), 15});
  const Tensor features = bench::normal(3, {items.size(), 64});
  fewshot::Prototypical method(std::make_shared<fewshot::PixelEncoder>(64));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        fewshot::evaluate_features(method, features, sampler, 1000, 0, fewshot::EpisodeUse::kTest));
  }
  state.SetItemsProcessed(1000 * state.iterations());
}

void prototypical(benchmark::State& state) { train(state, "prototypical", {20, 1, 5}, 1); }
void maml(benchmark::State& state) { train(state, "maml", {5, 1, 5}, 8); }
void first_order(benchmark::State& state) { train(state, "fomaml", {5, 1, 5}, 8); }
void reptile(benchmark::State& state) { train(state, "reptile", {5, 10, 0}, 5); }

BENCHMARK(prototypical)->Name("fewshot/prototypical")->Unit(benchmark::kMillisecond);
BENCHMARK(maml)->Name("fewshot/maml")->Unit(benchmark::kMillisecond);
BENCHMARK(first_order)->Name("fewshot/fomaml")->Unit(benchmark::kMillisecond);
BENCHMARK(reptile)->Name("fewshot/reptile")->Unit(benchmark::kMillisecond);
BENCHMARK(evaluate)
    ->Name("fewshot/evaluate")
    ->Args({5, 1})
    ->Args({5, 5})
    ->Args({20, 1})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
