#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"
#include "likewise/fewshot/evaluate.hpp"
#include "likewise/fewshot/prototypical.hpp"
#include "likewise/fewshot/siamese.hpp"
#include "likewise/formats/image.hpp"
#include "likewise/report/base64.hpp"
#include "likewise/train/fewshot.hpp"
#include "likewise/train/pictures.hpp"

namespace likewise {

namespace {

using nlohmann::json;

std::vector<fewshot::NormMode> wanted_norms(const fewshot::FewShotMethod& method,
                                            const std::string& asked) {
  const auto has = method.norm_modes();
  if (asked == "auto") return {has.at(0)};
  std::vector<fewshot::NormMode> out;
  for (const auto& part : split(asked, ',')) {
    const fewshot::NormMode mode = fewshot::parse_norm(trim(part));
    if (std::find(has.begin(), has.end(), mode) != has.end()) out.push_back(mode);
  }
  if (out.empty()) {
    std::vector<std::string> names;
    for (const auto mode : has) names.push_back(fewshot::norm_name(mode));
    throw UserError("--test.norms {}: this method can be scored with {}", asked, join(names, ", "));
  }
  return out;
}

json test_row(const fewshot::EpisodeShape& shape, const std::string& features,
              const std::string& norm, const fewshot::ImageTable& table,
              const fewshot::EpisodeSampler& sampler, const fewshot::EpisodeScore& score) {
  json row = {{"way", shape.ways},
              {"shot", shape.shots},
              {"queries", shape.queries},
              {"features", features},
              {"data", table.items().name},
              {"classes", sampler.classes()},
              {"accuracy",
               {{"mean", score.accuracy.mean},
                {"half_width", score.accuracy.half_width},
                {"n", score.accuracy.n}}}};
  row["norm"] = norm;
  return row;
}

// Share of pairs told right, half of them of one class; mean over episodes of 20 ways, or of the
// widest that the test has.
double verification(fewshot::Siamese& siamese, const Tensor& features,
                    const fewshot::ImageTable& table, const FewShotOptions& options) {
  constexpr int64_t kWays = 20;
  const int64_t widest = *std::max_element(options.test.ways.begin(), options.test.ways.end());
  const fewshot::EpisodeSampler sampler(table.items(), {std::min(kWays, widest), 1, 1},
                                        {options.test.within_domains});
  constexpr int64_t kEpisodes = 250;
  double sum = 0;
  for (int64_t e = 0; e < kEpisodes; ++e) {
    const auto episode = sampler.draw(fewshot::episode_rng(static_cast<uint64_t>(options.test.seed),
                                                           fewshot::EpisodeUse::kTest, e));
    const Tensor rows = features.index_select(0, at::tensor(episode.positions, at::kLong));
    sum +=
        siamese.verification_accuracy(fewshot::split_features(rows, sampler.shape())) / kEpisodes;
  }
  return sum;
}

}  // namespace

json test_fewshot(fewshot::FewShotMethod& method, fewshot::FewShotMethod* untrained,
                  const fewshot::ImageTable& table, const FewShotOptions& options,
                  ProgressLine& progress) {
  const auto seed = static_cast<uint64_t>(options.test.seed);
  constexpr auto kUse = fewshot::EpisodeUse::kTest;
  json out = {{"test", table.items().name}, {"episodes", json::array()}};
  const int64_t dim = table.channels() * table.side() * table.side();
  fewshot::Prototypical pixels(std::make_shared<fewshot::PixelEncoder>(dim), {.temperature = 1});
  // Features of all images, once for all kinds of episodes.
  std::map<fewshot::FewShotMethod*, Tensor> known;
  const auto score = [&](fewshot::FewShotMethod& who, const fewshot::EpisodeSampler& sampler,
                         fewshot::NormMode mode) {
    auto* encoder = dynamic_cast<fewshot::EncoderMethod*>(&who);
    if (encoder == nullptr || mode != fewshot::NormMode::kInductive) {
      return fewshot::evaluate_episodes(who, table, sampler, options.test.episodes, seed, kUse,
                                        mode);
    }
    if (known.count(&who) == 0) {
      progress.say(fmt::format("test: features of {} images", format_count(table.size())));
      known[&who] = fewshot::table_features(*encoder, table);
    }
    return fewshot::evaluate_features(*encoder, known[&who], sampler, options.test.episodes, seed,
                                      kUse);
  };
  const int64_t fixed = method.fixed_ways();
  bool any = false;
  for (int64_t ways : options.test.ways) {
    if (fixed > 0 && ways != fixed) continue;
    for (int64_t shots : options.test.shots) {
      const fewshot::EpisodeShape shape{ways, shots, options.test.queries};
      const fewshot::EpisodeSampler sampler(table.items(), shape, {options.test.within_domains});
      any = true;
      std::optional<fewshot::EpisodeScore> pixel_score;  // of no batch norm: the same in every mode
      if (untrained != nullptr) pixel_score = score(pixels, sampler, fewshot::NormMode::kInductive);
      for (const auto mode : wanted_norms(method, options.test.norms)) {
        const auto got = score(method, sampler, mode);
        const std::string norm = fewshot::norm_name(mode);
        progress.say(
            fmt::format("test: {}-way {}-shot {} % ({})", ways, shots, got.accuracy.text(), norm));
        out["episodes"].push_back(test_row(shape, "Likewise", norm, table, sampler, got));
        if (untrained == nullptr) continue;
        const auto before = score(*untrained, sampler, mode);
        out["episodes"].push_back(
            test_row(shape, "untrained encoder", norm, table, sampler, before));
        out["episodes"].push_back(
            test_row(shape, "raw pixels", norm, table, sampler, *pixel_score));
      }
    }
  }
  if (!any) {
    throw UserError(
        "--test.ways: this method was trained for {} ways and can be tested with no others", fixed);
  }
  if (auto* siamese = dynamic_cast<fewshot::Siamese*>(&method)) {
    out["verification"] = verification(*siamese, known.at(&method), table, options);
  }
  return out;
}

std::string fewshot_text(const json& evaluation) {
  std::string out;
  for (const auto& row : evaluation.at("episodes")) {
    const auto& accuracy = row.at("accuracy");
    const MeanInterval value{accuracy.at("mean"), accuracy.at("half_width"), accuracy.at("n")};
    out += fmt::format("{:>3}-way {:>2}-shot  {:<18} {} %  ({} episodes, {} queries a class{})\n",
                       row.at("way").get<int64_t>(), row.at("shot").get<int64_t>(),
                       row.at("features").get<std::string>(), value.text(), value.n,
                       row.at("queries").get<int64_t>(),
                       row.at("features") == "raw pixels"
                           ? ""
                           : ", batch norm " + row.at("norm").get<std::string>());
  }
  if (evaluation.contains("verification")) {
    out += fmt::format("verification        {:.1f} % of pairs\n",
                       100 * evaluation["verification"].get<double>());
  }
  return out;
}

json episode_pictures(fewshot::FewShotMethod& method, const fewshot::ImageTable& table,
                      const EncoderSpec& spec, const FewShotOptions& options) {
  constexpr int64_t kShown = 3, kMostCounted = 200, kQueriesShown = 5, kConfusions = 12;
  const int64_t counted = std::min(kMostCounted, options.test.episodes);
  const int64_t fixed = method.fixed_ways();
  const int64_t ways = fixed > 0 ? fixed : options.test.ways.at(0);
  const fewshot::EpisodeShape shape{ways, options.test.shots.at(0),
                                    std::min(options.test.queries, kQueriesShown)};
  const fewshot::EpisodeSampler sampler(table.items(), shape, {options.test.within_domains});
  const fewshot::NormMode mode = method.norm_modes().at(0);
  const auto image = [&](int64_t position) {
    return data_uri(
        "image/png",
        encode_png(input_kind(spec.modality).picture(spec, table.gather({position})[0], 64)));
  };
  std::map<std::pair<int64_t, int64_t>, int64_t> confused;
  std::map<int64_t, int64_t> example;  // a position of each class that was met
  json shown = json::array();
  for (int64_t e = 0; e < counted; ++e) {
    const auto batch = fewshot::make_batch(table, sampler, static_cast<uint64_t>(options.test.seed),
                                           fewshot::EpisodeUse::kTest, e, 1);
    const Tensor chosen = fewshot::chosen_ways(method.scores(batch, mode));
    const auto& plan = batch.plan[0];
    json rows = json::array();
    for (int64_t w = 0; w < ways; ++w) {
      const int64_t label = plan.classes[static_cast<size_t>(w)];
      example.emplace(label, plan.positions[static_cast<size_t>(w * shape.shots)]);
      json support = json::array(), queries = json::array();
      for (int64_t k = 0; k < shape.shots && e < kShown; ++k) {
        support.push_back(image(plan.positions[static_cast<size_t>(w * shape.shots + k)]));
      }
      for (int64_t q = 0; q < shape.queries; ++q) {
        const int64_t m = w * shape.queries + q, way = chosen[0][m].item<int64_t>();
        const int64_t said = plan.classes[static_cast<size_t>(way)];
        if (said != label) ++confused[{label, said}];
        if (e < kShown) {
          queries.push_back(
              {{"image", image(plan.positions[static_cast<size_t>(shape.support_size() + m)])},
               {"said", fewshot::class_name(table.items(), said)},
               {"right", said == label}});
        }
      }
      rows.push_back({{"name", fewshot::class_name(table.items(), label)},
                      {"support", support},
                      {"queries", queries}});
    }
    if (e < kShown) shown.push_back({{"rows", rows}});
  }
  std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> most;
  for (const auto& [pair, count] : confused) most.push_back({-count, pair});
  std::sort(most.begin(), most.end());
  json pairs = json::array();
  for (size_t i = 0; i < std::min<size_t>(most.size(), kConfusions); ++i) {
    const auto [label, said] = most[i].second;
    pairs.push_back({{"is", fewshot::class_name(table.items(), label)},
                     {"said", fewshot::class_name(table.items(), said)},
                     {"times", -most[i].first},
                     {"is_image", image(example.at(label))},
                     {"said_image", image(example.at(said))}});
  }
  return {{"ways", ways},       {"shots", shape.shots}, {"norm", fewshot::norm_name(mode)},
          {"counted", counted}, {"episodes", shown},    {"confusions", pairs}};
}

}  // namespace likewise
