#pragma once
// The sections of a report. Each is HTML, or "" when the run holds nothing for it.

#include <string>
#include <vector>

#include "report/charts.hpp"
#include "report/run_data.hpp"

namespace likewise::report {

// Headline features of evaluation.json: for every protocol, the score by features name.
struct Headline {
  std::string title;
  std::vector<std::pair<std::string, Score>> scores;
  Score of(const std::string& features) const;
};
std::vector<Headline> headlines(const Json& evaluation);
std::vector<std::string> feature_names(const std::vector<Headline>& headlines);

// What somebody should know before believing the run, in words.
std::vector<std::string> warnings(const RunData& run);

// Epochs asked for in the options; NaN when unknown.
double planned_epochs(const RunData& run);
// Whole epochs done. Counts from 0 and fractions both end just short of the planned number.
double reached_epochs(const RunData& run);

std::string opening_sentence(const RunData& run);
std::string summary_section(const RunData& run);
std::string results_section(const RunData& run);  // protocols, few labels, episodes
std::string classes_section(const RunData& run);  // confusion matrix, recall
std::string fewshot_section(const RunData& run);  // episodes in pictures, shots and ways
std::string training_section(const RunData& run);
std::string health_section(const RunData& run);
std::string neighbours_section(const RunData& run);
std::string views_section(const RunData& run);
std::string map_section(const RunData& run);
std::string options_section(const RunData& run);

// <section id=...><h2>...</h2>body</section>; "" for an empty body.
std::string section(const std::string& id, const std::string& title, const std::string& body);

// <img> of a data: address; "" for anything else, since a page must not reach for the network.
std::string picture(const std::string& source, const std::string& label);
// <audio> with controls, of a data: address of a sound; "" for anything else.
std::string player(const std::string& source, const std::string& label);

}  // namespace likewise::report
