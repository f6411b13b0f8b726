// What `--method auto` looks at.
#include <algorithm>
#include <cstdlib>
#include <thread>

#include "likewise/base/error.hpp"
#include "likewise/data/open.hpp"
#include "likewise/train/auto_method.hpp"
#include "likewise/train/prepare.hpp"
#include "train/remembered.hpp"

namespace likewise {

AutoFacts auto_facts(const GivenOption& given) {
  std::string path = given("data.path");
  if (path.empty()) path = given("data");
  if (path.empty()) {
    throw UserError(
        "--method auto chooses by the data: --data is needed, a folder, a file or a "
        "built-in data set");
  }
  const DatasetPtr data = open_dataset(path);
  AutoFacts facts;
  facts.samples = data->size();
  const int64_t limit = std::atoll(given("data.limit").c_str());
  if (limit > 0) facts.samples = std::min(facts.samples, limit);
  for (int64_t i = 0; i < data->size(); ++i) facts.labelled += data->label(i) >= 0;
  facts.labelled = std::min(facts.labelled, facts.samples);
  facts.images = data->info().modality == Modality::image;
  if (facts.images) facts.stats = detail::remembered_stats(*data, 300);
  const int64_t threads = std::atoll(given("threads").c_str());
  facts.processors =
      threads > 0 ? threads : std::max<int64_t>(1, std::thread::hardware_concurrency());
  return facts;
}

}  // namespace likewise
