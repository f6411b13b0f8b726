#include "data/shard_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "likewise/base/error.hpp"
#include "likewise/base/text.hpp"

namespace likewise::detail {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostShards = 1'000'000;  // of one pattern

bool all_digits(const std::string& text) {
  return !text.empty() && text.size() <= 12 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

// Expands the first {A..B} and, by recursion, those after it.
void expand_braces(const std::string& pattern, std::vector<fs::path>& paths) {
  const size_t open = pattern.find('{');
  if (open == std::string::npos) {
    paths.emplace_back(pattern);
    return;
  }
  const size_t close = pattern.find('}', open);
  const size_t dots = pattern.find("..", open);
  if (close == std::string::npos || dots == std::string::npos || dots > close) {
    throw UserError("'{}' is no range of shards; write it as name-{{000..012}}.tar", pattern);
  }
  const std::string first = pattern.substr(open + 1, dots - open - 1);
  const std::string last = pattern.substr(dots + 2, close - dots - 2);
  if (!all_digits(first) || !all_digits(last) || std::stoll(first) > std::stoll(last) ||
      std::stoll(last) - std::stoll(first) >= static_cast<int64_t>(kMostShards)) {
    throw UserError("'{{{}..{}}}' in '{}' is no range; write two ascending whole numbers", first,
                    last, pattern);
  }
  for (int64_t i = std::stoll(first); i <= std::stoll(last); ++i) {
    if (paths.size() >= kMostShards) {
      throw UserError("'{}' names more than {} shards", pattern, kMostShards);
    }
    expand_braces(fmt::format("{}{:0{}}{}", pattern.substr(0, open), i, first.size(),
                              pattern.substr(close + 1)),
                  paths);
  }
}

bool is_tar_name(const fs::path& path) { return lower(path.extension().string()) == ".tar"; }

}  // namespace

std::vector<fs::path> find_shards(const fs::path& path) {
  std::vector<fs::path> shards;
  std::error_code failed, ignored;
  if (fs::is_directory(path, ignored)) {
    fs::directory_iterator at(path, failed);
    for (const fs::directory_iterator end; !failed && at != end; at.increment(failed)) {
      std::error_code broken;
      const bool hidden = at->path().filename().string().front() == '.';
      if (!hidden && is_tar_name(at->path()) && at->is_regular_file(broken)) {
        shards.push_back(at->path());
      }
    }
    std::sort(shards.begin(), shards.end());
  } else if (fs::is_regular_file(path, ignored)) {
    if (is_tar_name(path)) shards.push_back(path);
  } else if (is_tar_name(path) && path.string().find('{') != std::string::npos) {
    expand_braces(path.string(), shards);
    for (const auto& shard : shards) {
      if (!fs::is_regular_file(shard, ignored)) {
        throw UserError("the shard {} of '{}' is not there", shard.string(), path.string());
      }
    }
  }
  return shards;
}

std::string shard_part(const fs::path& shard) {
  std::string stem = shard.stem().string();
  const auto trailing = [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  };
  while (!stem.empty() && trailing(stem.back())) stem.pop_back();
  return stem;
}

}  // namespace likewise::detail
