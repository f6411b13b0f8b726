#include "likewise/formats/faiss.hpp"

#include <gtest/gtest.h>

#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "support/golden.hpp"
#include "support/hostile.hpp"

namespace likewise {
namespace {

TEST(Faiss, EqualsTheLibrarysFilesByteForByte) {
  const TemporaryFolder folder;
  const Golden golden("formats");
  const auto x = golden.floats("faiss_files", "x");
  for (const auto& [name, metric] :
       {std::pair{"flat_ip", FaissMetric::kInnerProduct}, std::pair{"flat_l2", FaissMetric::kL2}}) {
    write_faiss_flat(folder.path() / name, x, 6, metric);
    EXPECT_EQ(read_bytes(folder.path() / name),
              read_bytes(Golden::path(std::string("formats/faiss/") + name + ".index")));
  }
}

TEST(Faiss, NoRowsAreAnIndexAndHalfARowIsNot) {
  const TemporaryFolder folder;
  write_faiss_flat(folder.path() / "empty", {}, 3, FaissMetric::kL2);
  EXPECT_EQ(read_bytes(folder.path() / "empty").size(), 45U);
  const std::vector<float> four(4);
  EXPECT_THROW(write_faiss_flat(folder.path() / "half", four, 3, FaissMetric::kL2), UserError);
  EXPECT_THROW(write_faiss_flat(folder.path() / "half", four, 0, FaissMetric::kL2), UserError);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "half"));
}

}  // namespace
}  // namespace likewise
