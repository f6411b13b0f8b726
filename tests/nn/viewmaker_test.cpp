#include "likewise/nn/viewmaker.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "likewise/base/error.hpp"
#include "likewise/nn/count.hpp"
#include "likewise/nn/initialize.hpp"

namespace likewise {
namespace {

Tensor random_tensor(at::IntArrayRef shape, uint64_t seed) {
  Tensor x = at::empty(shape, at::kFloat);
  Rng(seed).fill_uniform(x.data_ptr<float>(), x.numel());
  return x;
}

std::shared_ptr<Viewmaker> make(ViewmakerKind kind, int64_t features, ViewmakerShape shape = {},
                                uint64_t seed = 1) {
  auto network = make_viewmaker(kind, features, shape);
  initialize(*network, Rng(seed));
  return network;
}

TEST(Viewmaker, HasTheParametersOfThePaper) {
  EXPECT_EQ(parameter_count(*make(ViewmakerKind::image, 3)), 1120131);
  EXPECT_EQ(parameter_count(*make(ViewmakerKind::image, 1)), 1109761);
  EXPECT_EQ(parameter_count(*make(ViewmakerKind::image, 52)), 1374196);
}

TEST(Viewmaker, KeepsTheShapeOfImagesSeriesAndVectorsOfAnySize) {
  const ViewmakerShape small{.width = 4, .blocks = 2};
  const NoiseStream noise{Rng(7)};
  for (const int64_t side : {5, 8, 15, 28, 30}) {
    const Tensor image = random_tensor({2, 3, side, side + 1}, 1);
    EXPECT_EQ(make(ViewmakerKind::image, 3, small)->forward(image, noise).sizes(), image.sizes());
    const Tensor series = random_tensor({2, 6, side}, 1);
    EXPECT_EQ(make(ViewmakerKind::series, 6, small)->forward(series, noise).sizes(),
              series.sizes());
    const Tensor vector = random_tensor({2, side}, 1);
    EXPECT_EQ(make(ViewmakerKind::vector, side, small)->forward(vector, noise).sizes(),
              vector.sizes());
  }
}

TEST(Viewmaker, NoiseIsUniformOfItsRowAndSite) {
  const NoiseStream noise{Rng(7, {1, 2})};
  const Tensor like = at::empty({1}, at::kFloat);
  const Tensor all = noise.uniform(3, {64, 1, 16, 16}, like);
  EXPECT_GE(all.min().item<float>(), 0);
  EXPECT_LT(all.max().item<float>(), 1);
  EXPECT_NEAR(all.mean().item<double>(), 0.5, 0.01);
  EXPECT_NEAR(all.var().item<double>(), 1.0 / 12, 0.005);
  EXPECT_TRUE(at::equal(all.narrow(0, 10, 5), noise.from(10).uniform(3, {5, 1, 16, 16}, like)));
  EXPECT_FALSE(at::equal(all, noise.uniform(2, {64, 1, 16, 16}, like)));
  EXPECT_FALSE(at::equal(all[0], all[1]));
}

TEST(Viewmaker, EqualNoiseGivesEqualViewsInPiecesToo) {
  for (const auto kind : {ViewmakerKind::image, ViewmakerKind::series, ViewmakerKind::vector}) {
    const auto network = make(kind, 3, {.width = 4, .blocks = 2});
    const Tensor x = kind == ViewmakerKind::image    ? random_tensor({6, 3, 12, 12}, 2)
                     : kind == ViewmakerKind::series ? random_tensor({6, 3, 20}, 2)
                                                     : random_tensor({6, 3}, 2);
    const NoiseStream noise{Rng(9)};
    const Tensor whole = network->forward(x, noise);
    EXPECT_TRUE(at::equal(whole, network->forward(x, noise)));
    const Tensor pieces = at::cat({network->forward(x.narrow(0, 0, 2), noise),
                                   network->forward(x.narrow(0, 2, 4), noise.from(2))});
    EXPECT_TRUE(at::allclose(whole, pieces, 1e-4, 1e-5)) << viewmaker_kind_name(kind);
    EXPECT_FALSE(at::allclose(whole, network->forward(x, {Rng(10)})));
  }
}

TEST(Viewmaker, BadInputIsNamed) {
  const auto network = make(ViewmakerKind::image, 3, {.width = 4});
  const NoiseStream noise{Rng(1)};
  EXPECT_THROW(network->forward(random_tensor({2, 1, 8, 8}, 1), noise), UserError);
  EXPECT_THROW(network->forward(random_tensor({2, 3, 4, 8}, 1), noise), UserError);
  EXPECT_THROW(network->forward(random_tensor({2, 3, 8}, 1), noise), UserError);
  EXPECT_THROW(viewmaker_kind_of_batch(random_tensor({3}, 1)), UserError);
  EXPECT_THROW(viewmaker_kind("sound"), DataError);
}

// The table of viewmaker.hpp as loops in double precision.
struct Map {
  int64_t c, h, w;
  std::vector<double> v;
  double at(int64_t k, int64_t y, int64_t x) const {
    return v[static_cast<size_t>((k * h + y) * w + x)];
  }
};

struct Loops {
  std::map<std::string, Tensor> parameters;

  double weight(const std::string& name, int64_t i) const {
    return parameters.at(name).contiguous().data_ptr<float>()[i];
  }
  static int64_t mirror(int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i; }

  Map conv(const Map& x, const std::string& name, int64_t out, int64_t k, int64_t stride) const {
    Map y{out, (x.h - 1) / stride + 1, (x.w - 1) / stride + 1, {}};
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t r = 0; r < y.h; ++r) {
        for (int64_t q = 0; q < y.w; ++q) {
          double sum = weight(name + ".bias", o);
          for (int64_t c = 0; c < x.c; ++c) {
            for (int64_t i = 0; i < k; ++i) {
              for (int64_t j = 0; j < k; ++j) {
                sum += weight(name + ".weight", ((o * x.c + c) * k + i) * k + j) *
                       x.at(c, mirror(r * stride + i - k / 2, x.h),
                            mirror(q * stride + j - k / 2, x.w));
              }
            }
          }
          y.v.push_back(sum);
        }
      }
    }
    return y;
  }
  Map norm(Map x, const std::string& name) const {
    const auto area = static_cast<size_t>(x.h * x.w);
    for (int64_t c = 0; c < x.c; ++c) {
      double* v = x.v.data() + static_cast<size_t>(c) * area;
      double mean = 0, square = 0;
      for (size_t i = 0; i < area; ++i) mean += v[i] / static_cast<double>(area);
      for (size_t i = 0; i < area; ++i)
        square += (v[i] - mean) * (v[i] - mean) / static_cast<double>(area);
      for (size_t i = 0; i < area; ++i) {
        v[i] = (v[i] - mean) / std::sqrt(square + 1e-5) * weight(name + ".weight", c) +
               weight(name + ".bias", c);
      }
    }
    return x;
  }
  static Map relu(Map x) {
    for (double& v : x.v) v = std::max(v, 0.0);
    return x;
  }
  static Map twice(const Map& x) {
    Map y{x.c, 2 * x.h, 2 * x.w, {}};
    for (int64_t c = 0; c < y.c; ++c) {
      for (int64_t r = 0; r < y.h; ++r) {
        for (int64_t q = 0; q < y.w; ++q) y.v.push_back(x.at(c, r / 2, q / 2));
      }
    }
    return y;
  }
  static Map with_noise(Map x, const NoiseStream& noise, uint64_t site) {
    const Tensor u = noise.uniform(site, {1, 1, x.h, x.w}, at::empty({1}, at::kFloat));
    for (int64_t i = 0; i < x.h * x.w; ++i) x.v.push_back(u.data_ptr<float>()[i]);
    ++x.c;
    return x;
  }
};

TEST(Viewmaker, IsTheTableOfThePaperLayerByLayer) {
  const int64_t w = 3, blocks = 2;
  const auto network = make(ViewmakerKind::image, 2, {.width = w, .blocks = blocks}, 4);
  Loops loops;
  Rng rng(5);
  for (auto& item : network->named_parameters()) {
    Tensor value = item.value();
    if (item.key().find("norm") != std::string::npos)
      fill_normal(value, 0.7, rng);  // not only 1 and 0
    loops.parameters[item.key()] = value.detach();
  }
  const Tensor x = random_tensor({1, 2, 8, 12}, 3);
  const NoiseStream noise{Rng(11)};
  Map y{2, 8, 12, std::vector<double>(x.data_ptr<float>(), x.data_ptr<float>() + x.numel())};
  y = Loops::with_noise(y, noise, 0);
  y = Loops::relu(loops.norm(loops.conv(y, "down0", w, 9, 1), "down0_norm"));
  y = Loops::relu(loops.norm(loops.conv(y, "down1", 2 * w, 3, 2), "down1_norm"));
  y = Loops::relu(loops.norm(loops.conv(y, "down2", 4 * w, 3, 2), "down2_norm"));
  for (int64_t i = 0; i < blocks; ++i) {
    const std::string a = "residual" + std::to_string(2 * i),
                      b = "residual" + std::to_string(2 * i + 1);
    y = Loops::with_noise(y, noise, static_cast<uint64_t>(i) + 1);
    Map z = Loops::relu(loops.norm(loops.conv(y, a, y.c, 3, 1), a + "_norm"));
    z = loops.norm(loops.conv(z, b, y.c, 3, 1), b + "_norm");
    for (size_t k = 0; k < y.v.size(); ++k) y.v[k] += z.v[k];
  }
  y = Loops::relu(loops.norm(loops.conv(Loops::twice(y), "up0", 2 * w, 3, 1), "up0_norm"));
  y = Loops::relu(loops.norm(loops.conv(Loops::twice(y), "up1", w, 3, 1), "up1_norm"));
  y = loops.conv(y, "last", 2, 9, 1);
  const Tensor found = network->forward(x, noise).contiguous();
  ASSERT_EQ(static_cast<size_t>(found.numel()), y.v.size());
  for (size_t i = 0; i < y.v.size(); ++i) {
    EXPECT_NEAR(found.data_ptr<float>()[i], y.v[i], 2e-4) << i;
  }
  EXPECT_EQ(network->noise_sites(), blocks + 1);
}

TEST(Viewmaker, ASmallStartMakesASmallLastLayer) {
  const auto plain = make(ViewmakerKind::image, 1, {.width = 4});
  const auto small = make(ViewmakerKind::image, 1, {.width = 4, .start = 0.01});
  const Tensor a = plain->named_parameters()["last.weight"],
               b = small->named_parameters()["last.weight"];
  EXPECT_TRUE(at::allclose(0.01 * a, b));
}

}  // namespace
}  // namespace likewise
