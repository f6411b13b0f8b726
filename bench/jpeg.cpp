// From the bytes of a photograph to two views of 224 pixels, and what decoding alone takes.
//   bench_jpeg FOLDER [benchmark options]

#include <cstdio>

// jpeglib.h needs the declarations of stdio.h first.
#include <jpeglib.h>

#include <algorithm>
#include <filesystem>

#include "likewise/base/file.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/views/recipes.hpp"
#include "support.hpp"

namespace likewise {
namespace {

using Bytes = std::vector<uint8_t>;
std::vector<Bytes> files;

void read_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (has_image_extension(entry.path())) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) files.push_back(read_bytes(path));
}

// What the library takes with nothing around it: the whole image as RGB.
void bare_decode(const Bytes& bytes, Bytes& pixels) {
  jpeg_decompress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, bytes.data(), bytes.size());
  jpeg_read_header(&codec, TRUE);
  codec.out_color_space = JCS_RGB;
  jpeg_start_decompress(&codec);
  const size_t row_bytes = 3 * size_t{codec.output_width};
  pixels.resize(row_bytes * codec.output_height);
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = pixels.data() + codec.output_scanline * row_bytes;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
}

template <class Work>
void each_file(benchmark::State& state, const Work& work) {
  uint64_t i = 0;
  for (auto _ : state) {
    work(files[i % files.size()], i);
    ++i;
  }
  state.SetItemsProcessed(state.iterations());
}

void decode(benchmark::State& state) {
  Bytes pixels;
  each_file(state, [&](const Bytes& bytes, uint64_t) {
    bare_decode(bytes, pixels);
    benchmark::DoNotOptimize(pixels.data());
  });
}

// As the loader does: windowed, what lies outside both crops stays undecoded.
void two_views(benchmark::State& state, bool windowed) {
  std::vector<Tensor> images;
  for (const Bytes& bytes : files) images.push_back(decode_tensor(bytes, "file"));
  ImageViewOptions options;
  options.recipe = "simclr";
  options.size = 224;
  options.jitter = 0.5;
  const ImageStats data = measure_images(images);
  images.clear();
  const std::vector<View> views = train_views(resolve(options, data), data);
  each_file(state, [&](const Bytes& bytes, uint64_t i) {
    Window window;
    if (windowed) {
      window = [&](int64_t height, int64_t width) {
        return smallest_around(views[0].looks_at(height, width, Rng(1, {i, 0})),
                               views[1].looks_at(height, width, Rng(1, {i, 1})));
      };
    }
    const Tensor image = decode_tensor(bytes, "file", window);
    for (uint64_t v = 0; v < 2; ++v) {
      Rng rng(1, {i, v});
      benchmark::DoNotOptimize(views[v](image, rng));
    }
  });
}

BENCHMARK(decode)->Name("jpeg/decode");
BENCHMARK_CAPTURE(two_views, windowed, true)->Name("jpeg/two_views");
BENCHMARK_CAPTURE(two_views, whole, false)->Name("jpeg/two_views_whole");

}  // namespace
}  // namespace likewise

int main(int argc, char** argv) {
  likewise::bench::prepare();
  if (argc < 2 || argv[1][0] == '-') {
    std::fprintf(stderr, "bench_jpeg FOLDER [benchmark options]\n");
    return 2;
  }
  likewise::read_files(argv[1]);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
