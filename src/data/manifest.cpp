// Lists of images or other files. A .csv or .tsv has a header with a column path (or file,
// filename, image, name) and may have label (or class), split and domain; a .txt has one path a
// line ('#' begins a comment). Relative paths begin at the list's folder. With a split column the
// parts are its values; the list alone then means "train" if there is such a part, else everything.

#include <algorithm>
#include <optional>
#include <set>

#include "data/file_images.hpp"
#include "data/folder_walk.hpp"
#include "data/kinds.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/text.hpp"
#include "likewise/formats/csv.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

std::optional<size_t> find_column(const CsvTable& table, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (table.has_column(name)) return table.column(name);
  }
  return {};
}

std::vector<std::string> read_path_lines(const fs::path& file) {
  std::vector<std::string> paths;
  for (const auto& line : split(read_text(file), '\n')) {
    const std::string path = trim(line);
    if (!path.empty() && path.front() != '#') paths.push_back(path);
  }
  return paths;
}

// The columns of a list as texts; all have the size of `paths`.
struct ManifestColumns {
  std::vector<std::string> paths, labels, splits, domains;
};

ManifestColumns read_manifest(const fs::path& file) {
  ManifestColumns columns;
  if (lower(file.extension().string()) == ".txt") {
    columns.paths = read_path_lines(file);
    return columns;
  }
  const auto table = read_csv_file(file);
  const auto path = find_column(table, {"path", "file", "filename", "image", "name"});
  if (!path) {
    throw DataError(
        "{}: the first line must name the columns, one of them path (label, split and "
        "domain are optional); found: {}",
        file.string(), join(table.header, ", "));
  }
  const auto label = find_column(table, {"label", "class"});
  const auto split_column = find_column(table, {"split"});
  const auto domain = find_column(table, {"domain"});
  for (const auto& row : table.rows) {
    if (trim(row.fields[*path]).empty()) {
      throw DataError("{}:{}: the path is empty", file.string(), row.line);
    }
    columns.paths.push_back(trim(row.fields[*path]));
    if (label) columns.labels.push_back(trim(row.fields[*label]));
    if (split_column) columns.splits.push_back(trim(row.fields[*split_column]));
    if (domain) columns.domains.push_back(trim(row.fields[*domain]));
  }
  return columns;
}

template <class T>
void keep_rows(std::vector<T>& column, const std::vector<bool>& kept) {
  if (column.empty()) return;
  size_t at = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (!kept[i]) continue;
    if (at != i) column[at] = std::move(column[i]);
    ++at;
  }
  column.resize(at);
}

}  // namespace

bool is_manifest(const OpenRequest& request) {
  const std::string extension = lower(request.path.extension().string());
  std::error_code ignored;
  return (extension == ".csv" || extension == ".tsv" || extension == ".txt") &&
         fs::is_regular_file(request.path, ignored) && !is_series_file(request);
}

DatasetPtr open_manifest(const OpenRequest& request) {
  auto columns = read_manifest(request.path);
  DatasetInfo info;
  info.name = request.full_name();
  info.kind = "manifest";
  // Numbered over all parts, so that labels of train and test agree.
  auto labels = number_names(columns.labels);
  auto domains = number_names(columns.domains);
  info.class_names = std::move(labels.names);
  info.domain_names = std::move(domains.names);
  FileList list{request.path.parent_path(), std::move(columns.paths), std::move(labels.numbers),
                std::move(domains.numbers)};
  std::set<std::string> parts(columns.splits.begin(), columns.splits.end());
  parts.erase("");
  std::string part = request.part;
  if (part.empty() && parts.count("train") > 0) part = "train";
  if (!part.empty()) {
    if (parts.count(part) == 0) unknown_part(request.name, part, {parts.begin(), parts.end()});
    std::vector<bool> kept;
    for (const auto& split_name : columns.splits) kept.push_back(split_name == part);
    keep_rows(list.paths, kept);
    keep_rows(list.labels, kept);
    keep_rows(list.domains, kept);
  }
  if (list.paths.empty()) throw UserError("the list {} names no images", request.path.string());
  // A wrong base folder is wrong for every line: say so now, not at every sample.
  std::error_code ignored;
  const fs::path first = list.root / list.paths.front();
  if (!fs::exists(first, ignored)) {
    throw UserError(
        "the list {} names {}, but there is no file {}; relative paths begin at the "
        "list's folder",
        request.path.string(), list.paths.front(), first.string());
  }
  info.modality = request.modality();
  return file_samples(std::move(list), std::move(info), request.options);
}

Modality modality_of_manifest(const fs::path& file) {
  constexpr Modality kOrder[] = {Modality::image, Modality::audio, Modality::tensor,
                                 Modality::series};
  constexpr size_t kEnough = 1000;
  int64_t counts[4] = {};
  const auto columns = read_manifest(file);
  for (size_t i = 0; i < std::min(kEnough, columns.paths.size()); ++i) {
    for (int k = 0; k < 4; ++k) {
      if (!has_extension_of(columns.paths[i], kOrder[k])) continue;
      ++counts[k];
      break;
    }
  }
  return kOrder[std::max_element(counts, counts + 4) - counts];
}

}  // namespace likewise::detail
