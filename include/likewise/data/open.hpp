#pragma once
// One way to open any data set.

#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/data/dataset.hpp"

namespace likewise {

struct OpenOptions {
  // What the sub-folders of a folder of images mean: "auto" (see image_folder.hpp), "flat"
  // (nothing), "classes" (the first level is the class), "domains" (the first level is the domain,
  // the second the class).
  std::string layout = "auto";

  template <class V>
  void fields(V& v) {
    v("layout", layout, "what the sub-folders of a folder of images mean",
      choices({"auto", "flat", "classes", "domains"}));
  }
};

// Opens "NAME", "PATH", "NAME#PART" or "PATH#PART". Built-in names (glyphs) win over paths; write
// "./glyphs" for a folder of that name. The kind is recognised from what lies at the path:
//
//   glyphs                  built in: letters from the installed fonts         #pretrain #train
//   #test
//                                                                              #held-out #all
//   file.csv .tsv .txt      a list of images, labels, splits                   #SPLIT
//   file.tar, "a-{00..07}.tar", folder of .tar      WebDataset shards
//   file.npy .npz           arrays                                             #train #test
//   folder of IDX files     MNIST and its relatives                            #train #test
//   folder of .bin batches  CIFAR-10 or CIFAR-100                              #train #test
//   folder images_background, images_evaluation     Omniglot                   #background ...
//   folder train/*/images, val/images               Tiny ImageNet              #train #test
//   folder train/, test/ (or val/) of images        folders of splits          #train #test
//   folder                  images, with or without class or domain folders    #DOMAIN
//
// Where there are parts for training and testing, the path alone means the training part. Throws
// UserError: nothing there, unknown kind or part (with the names of those there are), no images
// (saying what was found instead); DataError for broken files.
DatasetPtr open_dataset(const std::string& path_with_part, const OpenOptions& options = {});

// The kinds that open_dataset knows, for lists and documentation, in the order of recognition.
struct DatasetKindInfo {
  std::string name, summary, parts;
};
const std::vector<DatasetKindInfo>& dataset_kinds();

}  // namespace likewise
