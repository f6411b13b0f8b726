// Training and health curves. All share the run's x axis and one crosshair.

#include "report/sections.hpp"

namespace likewise::report {

namespace {

Chart curve(const RunData& run, const char* title, const char* note, const char* key,
            Unit unit = Unit::kNumber, bool from_zero = false) {
  Chart chart;
  chart.title = title;
  chart.note = note;
  chart.x_name = "step";
  chart.unit = unit;
  chart.lines.push_back({"", 0, thin_out(run.get(key))});
  chart.x_max = run.steps;
  chart.from_zero = from_zero;
  chart.group = "run";
  return chart;
}

// The two players of a run with learned views, and what the views are like; "" for other runs.
std::string learned_views_charts(const RunData& run) {
  Chart losses = curve(run, "Two players",
                       "The method lowers its loss; the viewmaker raises the same loss in its turn",
                       "step.loss");
  if (run.get("step.view_size").empty()) return "";
  losses.lines[0].name = "method's turn";
  losses.lines.push_back({"viewmaker's turn", 4, thin_out(run.get("step.viewmaker_loss"))});
  Chart size = curve(run, "Strength of the views", "Mean size of what is added, and its budget",
                     "step.view_size", Unit::kNumber, true);
  size.lines[0].name = "size";
  size.lines.push_back({"budget", 4, thin_out(run.get("step.view_budget"))});
  return "<h3>Learned views</h3>\n" +
         chart_grid(
             {losses, size,
              curve(run, "Beyond the range",
                    "Share of values below black or above white (cut, where clamped)",
                    "step.view_beyond", Unit::kShare, true),
              curve(run, "Diversity",
                    "How unlike two views of the same input are: 0 equal, 1 nothing in common",
                    "health.view_diversity", Unit::kNumber, true),
              curve(run, "Gradient norm of the viewmaker", "", "step.viewmaker_grad_norm",
                    Unit::kNumber, true)});
}

}  // namespace

std::string training_section(const RunData& run) {
  return chart_grid({
             curve(run, "Loss", "Mean of neighbouring steps; the band is their range", "step.loss"),
             curve(run, "kNN accuracy", "A check along the way, on held-out data", "knn.accuracy",
                   Unit::kShare),
             curve(run, "Validation", "Accuracy on classes held out, which chooses the checkpoint",
                   "valid.accuracy", Unit::kShare),
             curve(run, "Learning rate", "", "step.lr", Unit::kNumber, true),
             curve(run, "Gradient norm", "", "step.grad_norm", Unit::kNumber, true),
             curve(run,
                   run.get("step.episodes").empty() ? "Views per second" : "Episodes per second",
                   "", "step.rate", Unit::kNumber, true),
             curve(run, "Waiting for data", "Share of the time", "step.wait", Unit::kShare, true),
         }) +
         learned_views_charts(run);
}

std::string health_section(const RunData& run) {
  Chart pairs = curve(run, "Similarity of pairs", "Views of one image, and the closest other image",
                      "health.positive");
  pairs.lines[0].name = "same image";
  pairs.lines.push_back({"hardest negative", 4, thin_out(run.get("health.hardest_negative"))});
  return chart_grid({
      curve(run, "Effective rank", "Directions that the features really use", "health.rank",
            Unit::kNumber, true),
      curve(run, "Alignment", "Distance between views of one image; lower is tighter",
            "health.alignment"),
      curve(run, "Uniformity", "Evenness on the sphere; lower is more even", "health.uniformity"),
      pairs,
      curve(run, "Spread", "Standard deviation of the features; near 0 is collapse",
            "health.spread", Unit::kNumber, true),
      curve(run, "Retrieval", "How often a view finds its own image first", "health.retrieval",
            Unit::kShare),
  });
}

}  // namespace likewise::report
