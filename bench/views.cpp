// Views a second of one thread: the fused views, and the elementary ones that define them.
#include <benchmark/benchmark.h>

#include "likewise/views/recipes.hpp"
#include "support.hpp"

namespace likewise {
namespace {

void views(benchmark::State& state, const char* recipe, int64_t height, int64_t width, int64_t side,
           int64_t channels, bool elementary) {
  std::vector<Tensor> images;
  for (uint64_t i = 0; i < 64; ++i)
    images.push_back(bench::natural_image(i, channels, height, width));
  ImageViewOptions options;
  options.recipe = recipe;
  options.size = side;
  if (std::string(recipe) == "simclr") options.jitter = 0.5;
  const ImageStats data = measure_images(images);
  const View view = train_views(resolve(options, data), data, elementary)[0];
  uint64_t i = 0;
  for (auto _ : state) {
    Rng rng(1, {i});
    benchmark::DoNotOptimize(view(images[i++ % images.size()], rng));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(views, blur_32_fused, "simclr", 32, 32, 32, 3, false);
BENCHMARK_CAPTURE(views, blur_32_elementary, "simclr", 32, 32, 32, 3, true);
BENCHMARK_CAPTURE(views, cifar_32_fused, "cifar", 32, 32, 32, 3, false);
BENCHMARK_CAPTURE(views, cifar_32_elementary, "cifar", 32, 32, 32, 3, true);
BENCHMARK_CAPTURE(views, gray_28_fused, "gray_photo", 28, 28, 28, 1, false);
BENCHMARK_CAPTURE(views, gray_28_elementary, "gray_photo", 28, 28, 28, 1, true);
BENCHMARK_CAPTURE(views, glyphs_32_fused, "glyphs", 32, 32, 32, 1, false);
BENCHMARK_CAPTURE(views, glyphs_32_elementary, "glyphs", 32, 32, 32, 1, true);
BENCHMARK_CAPTURE(views, photo_224_fused, "simclr", 375, 500, 224, 3, false);
BENCHMARK_CAPTURE(views, photo_224_elementary, "simclr", 375, 500, 224, 3, true);

}  // namespace
}  // namespace likewise

LIKEWISE_BENCH_MAIN()
