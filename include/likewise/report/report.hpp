#pragma once
// Reports: what a run folder holds, as one HTML file that needs nothing but a browser.

#include <filesystem>
#include <string>
#include <vector>

namespace likewise {

// Writes a self-contained page (no network; inline style, script and pictures; light, dark, phone,
// print) about the run in folder `run`. Every input is optional, a missing one leaves out its
// section:
//
//   run.toml               resolved options
//   metrics.jsonl          one object a line; kinds `step`, `health`, `knn`, `valid`
//   evaluation.json        protocols, few labels, episodes, confusion matrix, recall
//   report/summary.json    {data, images, method, encoder, epochs, steps, seconds, device, version,
//                          seed, warnings: [text]}; overrides what is read from run.toml
//   report/gallery.json    originals and their views
//   report/neighbours.json queries and their nearest neighbours
//   report/map.json        the data in two dimensions
//   report/episodes.json   few-shot episodes in pictures, what was confused
//
// A damaged file becomes a warning on the page. Throws UserError when `run` is no folder, holds
// none of these files, or `html` cannot be written.
void write_report(const std::filesystem::path& run, const std::filesystem::path& html);

// The same page as text.
std::string report_page(const std::filesystem::path& run);

// Several runs on one page: headline figures in one table, the options that differ, overlaid
// curves. Throws UserError when `runs` is empty or as above.
void write_comparison(const std::vector<std::filesystem::path>& runs,
                      const std::filesystem::path& html);
std::string comparison_page(const std::vector<std::filesystem::path>& runs);

}  // namespace likewise
