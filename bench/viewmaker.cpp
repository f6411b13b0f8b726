// A step with learned views, and the passes that it is made of: SimCLR, ResNet-18 of width 16, the
// viewmaker of the paper or a narrow one. `step` should take no longer than the sum of the other
// rows.
#include <c10/core/GradMode.h>

#include "likewise/methods/simclr.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/resnet.hpp"
#include "support.hpp"
#include "train/view_player.hpp"

namespace likewise {
namespace {

constexpr int64_t kBatch = 64;

struct Game {
  explicit Game(int64_t width) {
    options.viewmaker.use = "alone";
    options.batch = kBatch;
    spec.shape.width = width;
    player = std::make_unique<detail::ViewPlayer>(options, spec, false);
    method = std::make_shared<Simclr>(
        std::make_shared<ResNet>(ResNetOptions{.width = 16, .imagenet_stem = false}),
        Simclr::Options{});
    initialize(*method, Rng(1));
    to_channels_last(*method);
    for (uint64_t v = 0; v < 2; ++v) {
      batch.views.push_back(channels_last(bench::normal(v, {kBatch, 3, 32, 32})));
    }
  }
  void drop_gradients() {
    for (Tensor& p : method->parameters()) p.mutable_grad().reset();
    for (Tensor& p : player->views().network()->parameters()) p.mutable_grad().reset();
  }
  PretrainOptions options;
  ViewmakerSpec spec;
  std::unique_ptr<detail::ViewPlayer> player;
  std::shared_ptr<Simclr> method;
  Batch batch;
};

// Both turns.
void step(benchmark::State& state, int64_t width) {
  Game game(width);
  int64_t number = 0;
  for (auto _ : state) {
    const TrainProgress progress{number++, 1000, 0};
    const Batch seen = game.player->for_method(game.batch, progress, 0);
    game.method->loss(seen, {}).backward();
    game.player->turn(*game.method, {game.batch}, progress);
    game.drop_gradients();
  }
  state.SetItemsProcessed(state.iterations() * 2 * kBatch);
}

// Two views without a graph: the method's turn.
void viewmaker_forward(benchmark::State& state, int64_t width) {
  Game game(width);
  const at::NoGradGuard no_grad;
  for (auto _ : state) {
    for (const Tensor& x : game.batch.views) {
      benchmark::DoNotOptimize(game.player->views().network()->forward(x, {Rng(1)}));
    }
  }
  state.SetItemsProcessed(state.iterations() * 2 * kBatch);
}

// The viewmaker's turn.
void viewmaker_both(benchmark::State& state, int64_t width) {
  Game game(width);
  for (auto _ : state) {
    for (const Tensor& x : game.batch.views) {
      game.player->views().network()->forward(x, {Rng(1)}).square().mean().backward();
    }
    game.drop_gradients();
  }
  state.SetItemsProcessed(state.iterations() * 2 * kBatch);
}

// The encoder, its head and loss: with gradients of its weights, or of the views.
void method_both(benchmark::State& state, bool of_views) {
  Game game(8);
  if (of_views) {
    for (Tensor& p : game.method->parameters()) p.set_requires_grad(false);
    for (Tensor& x : game.batch.views) x.set_requires_grad(true);
  }
  for (auto _ : state) {
    game.method->loss(game.batch, {}).backward();
    for (Tensor& x : game.batch.views) x.mutable_grad().reset();
    game.drop_gradients();
  }
  state.SetItemsProcessed(state.iterations() * 2 * kBatch);
}

BENCHMARK_CAPTURE(step, width_32, 32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(viewmaker_forward, width_32, 32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(viewmaker_both, width_32, 32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(step, width_8, 8)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(viewmaker_forward, width_8, 8)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(viewmaker_both, width_8, 8)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(method_both, of_weights, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(method_both, of_views, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
