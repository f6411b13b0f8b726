// A step with learned views, and the passes that it is made of: SimCLR, ResNet-18 of width 16, the
// viewmaker of the paper or a narrow one. `step` should take no longer than the sum of the other
// rows.
#include <c10/core/GradMode.h>

#include "likewise/methods/simclr.hpp"
#include "likewise/nn/initialize.hpp"
#include "likewise/nn/memory_format.hpp"
#include "likewise/nn/resnet.hpp"
#include "nn/instance_norm.hpp"
#include "nn/mirror_conv.hpp"
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

// A layer of the viewmaker on 128 images: convolution, norm and rectifier (the last has neither),
// value and gradients, by our kernels and by libtorch.
struct LayerShape {
  const char* name;
  int64_t in, out, kernel, stride, side, grown;
};

void layer(benchmark::State& state, const LayerShape& s, bool ours, bool gradients) {
  const bool last = s.out <= 8 && s.kernel == 9 && s.in > 4, first = s.in <= 4;
  const int64_t channels = ours && !first ? detail::whole_blocks(s.in) : s.in;
  const Tensor x = channels_last(bench::normal(1, {128, channels, s.side, s.side})).detach();
  const Tensor weight = channels_last(bench::normal(2, {s.out, s.in, s.kernel, s.kernel})).detach();
  const Tensor one = bench::normal(3, {s.out}), two = bench::normal(4, {s.out});
  const detail::MirrorGeometry geometry{s.stride, s.grown, s.grown};
  if (gradients) {
    if (!first) x.set_requires_grad(true);
    for (const Tensor& t : {weight, one, two}) t.set_requires_grad(true);
  }
  for (auto _ : state) {
    Tensor y;
    if (last) {
      y = ours ? detail::mirror_conv_few(x, weight, one)
               : detail::plain_mirror_conv(x, weight, geometry, false) + one.view({1, -1, 1, 1});
    } else if (ours) {
      y = detail::fused_instance_norm(detail::mirror_conv(x, weight, geometry), {one, two, two},
                                      true);
    } else {
      y = detail::plain_instance_norm(detail::plain_mirror_conv(x, weight, geometry, false),
                                      {one, two, two}, true);
    }
    if (gradients) y.backward(y.detach());
    benchmark::DoNotOptimize(y);
  }
  const double area = static_cast<double>((s.grown > 0 ? s.grown : s.side / s.stride));
  state.counters["MFLOP_image"] = 2e-6 * area * area * static_cast<double>(weight.numel());
}

void add_layers(int64_t w) {
  const std::vector<LayerShape> shapes = {{"first 9x9", 4, w, 9, 1, 32, 0},
                                          {"down 3x3/2", w, 2 * w, 3, 2, 32, 0},
                                          {"down 3x3/2 b", 2 * w, 4 * w, 3, 2, 16, 0},
                                          {"residual 3x3", 4 * w + 1, 4 * w + 1, 3, 1, 8, 0},
                                          {"up 3x3", 4 * w + 3, 2 * w, 3, 1, 8, 16},
                                          {"up 3x3 b", 2 * w, w, 3, 1, 16, 32},
                                          {"last 9x9", w, 3, 9, 1, 32, 0}};
  for (const LayerShape& s : shapes) {
    for (bool gradients : {false, true}) {
      for (bool ours : {false, true}) {
        const std::string name = "layer/" + std::to_string(w) + "/" + s.name +
                                 (gradients ? "/both" : "/forward") + (ours ? "/own" : "/libtorch");
        benchmark::RegisterBenchmark(name.c_str(), [s, ours, gradients](benchmark::State& state) {
          layer(state, s, ours, gradients);
        })->Unit(benchmark::kMillisecond);
      }
    }
  }
}
[[maybe_unused]] const bool kLayersAdded = (add_layers(32), add_layers(8), true);

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
