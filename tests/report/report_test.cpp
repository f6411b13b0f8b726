#include "likewise/report/report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "report/charts.hpp"
#include "report/sections.hpp"

namespace likewise {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kDot = "data:image/png;base64,iVBORw0KGgo=";

// A run folder that vanishes with the test.
class RunFolder {
 public:
  RunFolder() {
    static std::atomic<int> count{0};
    path_ = fs::temp_directory_path() /
            ("likewise-report-" + std::to_string(::getpid()) + "-" + std::to_string(count++)) /
            "some-run";
    fs::create_directories(path_);
  }
  ~RunFolder() { fs::remove_all(path_.parent_path()); }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const fs::path& path() const { return path_; }
  void add(const char* name, std::string_view content) const { write_file(path_ / name, content); }
  std::string page() const { return report_page(path_); }

 private:
  fs::path path_;
};

bool has(const std::string& page, std::string_view part) {
  return page.find(part) != std::string::npos;
}

json score(double mean, double half_width, int n = 5) {
  return {{"mean", mean}, {"half_width", half_width}, {"n", n}};
}

json small_evaluation() {
  return {{"data", "digits"},
          {"test", "digits test"},
          {"classes", {"one", "two"}},
          {"protocols",
           {{{"name", "knn"},
             {"title", "Weighted kNN"},
             {"rows",
              {{{"features", "Likewise"}, {"accuracy", score(0.875, 0.004)}, {"nll", 0.25}},
               {{"features", "raw pixels"}, {"accuracy", score(0.5, 0.01)}},
               {{"features", "untrained encoder"}, {"accuracy", score(0.6, 0.01)}}}}}}},
          {"confusion", {{"classes", {"one", "two"}}, {"counts", {{90, 10}, {4, 96}}}}},
          {"recall", {0.9, 0.96}}};
}

void add_everything(const RunFolder& run) {
  run.add("run.toml",
          "data = \"digits\"\nmethod = \"simclr\"\nencoder = \"resnet18\"\nepochs = 2\n"
          "[loss]\ntemperature = 0.25\n[views.crop]\nscale = [0.2, 1.0]\n");
  std::string lines;
  for (int s = 0; s < 500; ++s) {
    lines += json{{"kind", "step"}, {"step", s},    {"epoch", s / 250.0}, {"loss", 5.0 - s / 250.0},
                  {"lr", 0.1},      {"wait", 0.01}, {"rate", 1000},       {"elapsed", s * 2.0}}
                 .dump() +
             "\n";
  }
  lines +=
      "{\"kind\":\"health\",\"step\":499,\"epoch\":2,\"rank\":77.5,\"verdict\":\"All is well.\"}\n";
  lines += "{\"kind\":\"knn\",\"step\":499,\"epoch\":2,\"accuracy\":0.91}\n";
  run.add("metrics.jsonl", lines);
  run.add("evaluation.json", small_evaluation().dump());
  run.add(
      "report/gallery.json",
      json{{"rows", {{{"name", "a.png"}, {"original", kDot}, {"views", {kDot, kDot}}}}}}.dump());
  run.add("report/neighbours.json",
          json{{"rows",
                {{{"query", {{"name", "q"}, {"image", kDot}, {"label", "one"}}},
                  {"neighbours",
                   {{{"name", "n"}, {"image", kDot}, {"label", "two"}, {"score", 0.5}}}}}}}}
              .dump());
  run.add("report/map.json", json{{"method", "t-SNE"},
                                  {"points", {{0.0, 1.0, 0, 0}, {1.0, 0.0, 1, 1}}},
                                  {"classes", {"one", "two"}},
                                  {"sprite", kDot},
                                  {"thumb", 32},
                                  {"columns", 2},
                                  {"names", {"a", "b"}}}
                                 .dump());
}

TEST(Report, ShowsEverySectionOfAFullRun) {
  RunFolder run;
  add_everything(run);
  const std::string page = run.page();
  for (const char* id : {"summary", "results", "classes", "training", "health", "map", "neighbours",
                         "views", "options"}) {
    EXPECT_TRUE(has(page, "<section id=\"" + std::string(id) + "\">")) << id;
    EXPECT_TRUE(has(page, "href=\"#" + std::string(id) + "\"")) << id;
  }
  EXPECT_TRUE(has(page, "resnet18 trained with simclr on digits: 2 epochs in 16 min 38 s."));
  EXPECT_TRUE(has(page, "All is well."));
  EXPECT_TRUE(has(page, "87.5 ± 0.4"));
  EXPECT_TRUE(has(page, "<b>one</b> taken for <b>two</b><span>10 of 100, 10.0%"));
  EXPECT_TRUE(has(page, "0 of 1 neighbours shown have the query's label"));
  EXPECT_TRUE(has(page, "crop.scale</th><td>0.2, 1</td>"));
  EXPECT_FALSE(has(page, "class=\"warnings\""));
}

TEST(Report, LeavesOutWhatIsMissing) {
  RunFolder run;
  run.add("metrics.jsonl", "{\"kind\":\"step\",\"step\":1,\"loss\":2.5}\n");
  const std::string page = run.page();
  EXPECT_TRUE(has(page, "id=\"training\""));
  for (const char* id : {"results", "classes", "health", "map", "neighbours", "views", "options"}) {
    EXPECT_FALSE(has(page, "<section id=\"" + std::string(id) + "\">")) << id;
  }
}

TEST(Report, EveryInputSufficesAlone) {
  RunFolder full;
  add_everything(full);
  for (const char* name : {"run.toml", "metrics.jsonl", "evaluation.json", "report/gallery.json",
                           "report/neighbours.json", "report/map.json"}) {
    RunFolder run;
    run.add(name, read_text(full.path() / name));
    EXPECT_TRUE(has(run.page(), "<section")) << name;
  }
}

TEST(Report, NeedsNoNetwork) {
  RunFolder run;
  add_everything(run);
  run.add("report/gallery.json", R"j({"rows":[{"name":"x","original":"https://example.org/a.png",
      "views":["javascript:alert(1)","//example.org/b.png"]}]})j");
  const std::string page = run.page();
  EXPECT_FALSE(has(page, "example.org"));
  EXPECT_FALSE(has(page, "javascript:"));
  EXPECT_FALSE(has(page, "<link"));
  EXPECT_FALSE(has(page, "@import"));
  EXPECT_FALSE(has(page, "src=\"http"));
  EXPECT_TRUE(has(page, "default-src 'none'"));
}

TEST(Report, ViewsOfSoundsHavePlayers) {
  RunFolder run;
  run.add("report/gallery.json",
          R"j({"rows":[{"name":"a.wav","original":"data:image/png;base64,QQ==",
      "views":["data:image/png;base64,Qg==","data:image/png;base64,Qw=="],
      "perturbations":["data:image/png;base64,RA=="],
      "sounds":{"original":"data:audio/wav;base64,RQ==","views":["data:audio/wav;base64,Rg=="],
                "perturbations":["https://example.org/a.wav"]}},
     {"name":"b","original":"data:image/png;base64,QQ==","sounds":3}]})j");
  const std::string page = run.page();
  size_t players = 0;
  for (size_t at = page.find("<audio"); at != std::string::npos; at = page.find("<audio", at + 1)) {
    ++players;
  }
  EXPECT_EQ(players, 2U);
  EXPECT_TRUE(has(page, "src=\"data:audio/wav;base64,Rg==\""));
  EXPECT_FALSE(has(page, "example.org"));
  EXPECT_TRUE(has(page, "media-src data:"));
  EXPECT_TRUE(has(page, "Griffin-Lim"));
}

TEST(Report, EscapesTextThatOthersWrote) {
  RunFolder run;
  const std::string evil = "</script><script>alert(1)</script>\"<b>&";
  run.add("run.toml", "method = '" + evil + "'\n");
  json map = {{"points", {{0.0, 1.0, 0, 0}}}, {"classes", {evil}}, {"names", {evil}}};
  run.add("report/map.json", map.dump());
  json evaluation = small_evaluation();
  evaluation["confusion"]["classes"][0] = evil;
  evaluation["protocols"][0]["title"] = evil;
  evaluation["protocols"][0]["rows"][0]["features"] = evil;
  run.add("evaluation.json", evaluation.dump());
  const std::string page = run.page();
  EXPECT_FALSE(has(page, "alert(1)</script>"));
  EXPECT_FALSE(has(page, "\"<b>&"));
  EXPECT_TRUE(has(page, "\\u003c/script>"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&lt;b&gt;&amp;"));
}

TEST(Report, ToleratesNanNullAndACutLastLine) {
  RunFolder run;
  run.add("metrics.jsonl",
          "{\"kind\":\"step\",\"step\":0,\"loss\":3.0,\"lr\":null}\n"
          "{\"kind\":\"step\",\"step\":7,\"loss\":NaN,\"lr\":Infinity}\n"
          "{\"kind\":\"other\",\"step\":8,\"note\":\"NaN\"}\n\n"
          "{\"kind\":\"step\",\"step\":9,\"loss\":2.0,\"colour\":\"blue\"}\n"
          "{\"kind\":\"step\",\"st");
  const report::RunData data = report::read_run(run.path());
  ASSERT_EQ(data.get("step.loss").size(), 2U);
  EXPECT_EQ(data.get("step.loss")[1].value, 2.0);
  EXPECT_TRUE(data.get("step.lr").empty());
  EXPECT_EQ(data.first_bad_loss, 7);
  EXPECT_TRUE(data.problems.empty());
  EXPECT_TRUE(has(run.page(), "The loss was not finite at step 7."));
}

TEST(Report, NamesDamagedFilesOnThePage) {
  RunFolder run;
  run.add("run.toml", "a = 1\nb = = 2\n");
  run.add("evaluation.json", "{\"protocols\": [");
  run.add("metrics.jsonl", "nonsense\n{\"kind\":\"step\",\"step\":1,\"loss\":1}\n");
  const std::string page = run.page();
  EXPECT_TRUE(has(page, "run.toml could not be read: run.toml:2:"));
  EXPECT_TRUE(has(page, "evaluation.json could not be read"));
  EXPECT_TRUE(has(page, "metrics.jsonl: 1 lines are no JSON objects, the first is line 1"));
}

TEST(Report, SurvivesMistypedEntries) {
  RunFolder run;
  run.add("evaluation.json",
          R"({"classes":3,"protocols":[7,{"rows":[null,{"features":5,"accuracy":"x"}]}],
             "few_label":{"labels":[1],"rows":[{"values":[{}]}]},"episodes":{"a":1},
             "confusion":{"counts":[[1],"x",[2,3,4,5]]},"recall":[null,"y"]})");
  run.add("report/gallery.json", R"({"rows":[1,{"views":"x"}]})");
  run.add("report/neighbours.json", R"({"rows":[{"query":3,"neighbours":[4]}]})");
  run.add("report/map.json", R"({"points":"none"})");
  EXPECT_NO_THROW(run.page());
}

TEST(Report, AResumedRunReplacesTheStepsItRepeats) {
  RunFolder run;
  std::string lines;
  for (int s : {1, 2, 3, 4, 5, 3, 4}) {
    lines += json{{"kind", "step"}, {"step", s}, {"loss", lines.size()}}.dump() + "\n";
  }
  run.add("metrics.jsonl", lines);
  const report::RunData data = report::read_run(run.path());
  const report::Series& loss = data.get("step.loss");
  ASSERT_EQ(loss.size(), 4U);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(loss[i].x, i + 1.0);
  EXPECT_LT(loss[1].value, loss[2].value);
}

TEST(Report, WarnsWhenABaselineIsAsGood) {
  RunFolder run;
  json evaluation = small_evaluation();
  evaluation["protocols"][0]["rows"][2]["accuracy"] = score(0.868, 0.01);
  run.add("evaluation.json", evaluation.dump());
  const std::string page = run.page();
  EXPECT_TRUE(has(page, "Weighted kNN: not clearly better than untrained encoder"));
  EXPECT_FALSE(has(page, "not clearly better than raw pixels"));
}

TEST(Report, WarnsOfWaitingFallingRankAndDecliningKnn) {
  RunFolder run;
  std::string lines;
  for (int i = 0; i < 5; ++i) {
    lines += json{{"kind", "step"}, {"step", i}, {"epoch", i}, {"wait", 0.5}}.dump() + "\n";
    lines +=
        json{{"kind", "health"}, {"step", i}, {"epoch", i}, {"rank", 100 - 20 * i}}.dump() + "\n";
    lines +=
        json{{"kind", "knn"}, {"step", i}, {"epoch", i}, {"accuracy", i == 1 ? 0.8 : 0.7}}.dump() +
        "\n";
  }
  run.add("metrics.jsonl", lines);
  run.add("run.toml", "epochs = 20\n");
  const std::string page = run.page();
  EXPECT_TRUE(has(page, "waited for data 50% of the time"));
  EXPECT_TRUE(has(page, "effective rank fell from 100 to 20"));
  EXPECT_TRUE(has(page, "ended at 70.0%, below its best of 80.0% at epoch 1"));
  EXPECT_TRUE(has(page, "Training stands at epoch 4 of 20."));
}

TEST(Report, RefusesAFolderThatIsNoRun) {
  RunFolder run;
  EXPECT_THROW(run.page(), UserError);
  EXPECT_THROW(report_page(run.path() / "absent"), UserError);
  EXPECT_THROW(comparison_page({}), UserError);
}

TEST(Report, WritesAFileIntoANewFolder) {
  RunFolder run;
  add_everything(run);
  write_report(run.path(), run.path() / "pages" / "report.html");
  EXPECT_EQ(read_text(run.path() / "pages" / "report.html"), run.page());
}

TEST(Comparison, MarksTheBestAndListsOptionsThatDiffer) {
  RunFolder a, b;
  add_everything(a);
  add_everything(b);
  json evaluation = small_evaluation();
  evaluation["protocols"][0]["rows"][0]["accuracy"] = score(0.9, 0.004);
  b.add("evaluation.json", evaluation.dump());
  b.add("run.toml", "data = \"digits\"\nmethod = \"byol\"\nepochs = 2\n");
  const std::string page = comparison_page({a.path(), b.path()});
  EXPECT_TRUE(has(page, "2 runs compared"));
  EXPECT_TRUE(has(page, "<td class=\"num best\">90.0 ± 0.4</td>"));
  EXPECT_TRUE(has(page, "<td class=\"num\">87.5 ± 0.4</td>"));
  EXPECT_TRUE(has(page, "method</th><td>simclr</td><td>byol</td>"));
  EXPECT_TRUE(has(page, "loss.temperature</th><td>0.25</td><td>–</td>"));
  EXPECT_FALSE(has(page, "epochs</th><td>2</td>"));
  EXPECT_TRUE(has(page, a.path().string()));  // equal names are told apart by their paths
}

TEST(Charts, ThinningKeepsMeanRangeAndEnd) {
  report::Series series;
  for (int i = 0; i < 1003; ++i) series.push_back({i * 1.0, 0, i % 2 == 0 ? 1.0 : 3.0});
  const auto points = report::thin_out(series, 100);
  ASSERT_EQ(points.size(), 100U);
  EXPECT_EQ(points.back().x, 1002);
  for (const auto& p : points) {
    EXPECT_NEAR(p.y, 2.0, 0.1);
    EXPECT_EQ(p.low, 1.0);
    EXPECT_EQ(p.high, 3.0);
  }
  EXPECT_EQ(report::thin_out({{4, 0, 7}}, 100).size(), 1U);
  EXPECT_TRUE(report::thin_out({}, 100).empty());
}

TEST(Charts, TicksAreRoundAndInside) {
  const auto unit = report::nice_ticks(0, 1, 4);
  ASSERT_EQ(unit.size(), 6U);
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(unit[i], 0.2 * static_cast<double>(i), 1e-12);
  EXPECT_EQ(report::nice_ticks(-3.4, 7, 4), (std::vector<double>{-2, 0, 2, 4, 6}));
  EXPECT_EQ(report::nice_ticks(2, 2, 4).size(), 1U);
  for (double span : {1e-7, 0.003, 1.0, 77.0, 1e6}) {
    const auto ticks = report::nice_ticks(0.1 * span, 1.1 * span, 4);
    EXPECT_GE(ticks.size(), 2U);
    EXPECT_LE(ticks.size(), 6U);
  }
}

TEST(Charts, NumbersAreWrittenForReaders) {
  using report::Unit;
  EXPECT_EQ(report::show_number(12345.6), "12,346");
  EXPECT_EQ(report::show_number(-0.5), "−0.5");
  EXPECT_EQ(report::show_number(0), "0");
  EXPECT_EQ(report::show_number(9.99999), "10");
  EXPECT_EQ(report::show_number(1.5e-7), "1.50e-07");
  EXPECT_EQ(report::show_number(report::kNan), "–");
  EXPECT_EQ(report::show_tick(7.5, 2.5, Unit::kNumber), "7.5");
  EXPECT_EQ(report::show_tick(30000, 10000, Unit::kNumber), "30k");
  EXPECT_EQ(report::show_tick(0.25, 0.25, Unit::kShare), "25%");
  EXPECT_EQ(report::show_score({0.8614, 0.0021, 5}), "86.1 ± 0.2");
}

TEST(Charts, AConstantOrSinglePointStillHasAFrame) {
  for (const report::Series& series : {report::Series{{0, 0, 5}}, {{1, 0, 0}, {2, 0, 0}}}) {
    report::Chart chart;
    chart.title = "t";
    chart.lines.push_back({"a", 0, report::thin_out(series)});
    const std::string svg = report::line_chart(chart);
    EXPECT_TRUE(has(svg, "<svg"));
    EXPECT_FALSE(has(svg, "nan"));
    EXPECT_FALSE(has(svg, "inf"));
  }
  EXPECT_EQ(report::line_chart({}), "");
}

}  // namespace
}  // namespace likewise
