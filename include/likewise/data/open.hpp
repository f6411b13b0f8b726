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
  // "auto": by the files. No field: it is what decides which fields there are elsewhere.
  std::string modality = "auto";

  // Audio and series.
  double rate = 0;
  // Audio.
  double seconds = 0, hop = 0;
  // Series.
  std::string columns = "", time = "auto", label = "auto";
  int64_t window = 0;
  double overlap = 0.5;
  std::string devices = "";
  std::string devices_as = "channels";
  std::string time_axis = "last";

  template <class V>
  void fields(V& v) {
    v("layout", layout, "what the sub-folders of a folder of files mean",
      choices({"auto", "flat", "classes", "domains"}));
    v("rate", rate, "frames a second that recordings are brought to; 0: that of most of them",
      range(0, 4e6));
    v("seconds", seconds,
      "seconds of a window of a sound, each of which is a sample; 0: a file is one", range(0, 1e6));
    v("hop", hop, "seconds from one such window to the next; 0: as long as a window",
      range(0, 1e6));
    v("columns", columns,
      "columns of a series' CSV that are its channels, separated by commas; "
      "empty: all of numbers");
    v("time", time, "its column of time stamps; auto: one called time or timestamp, none: no such");
    v("label", label,
      "its column of classes; auto: one called label, class or activity, none: no such");
    v("window", window,
      "frames of a sample of a series; 0: 256, or the median recording where that is shorter",
      range(0, 1e7));
    v("overlap", overlap, "part of a window that the next one shares", range(0, 0.99));
    v("devices", devices,
      "endings of file names that tell devices of one recording apart, as in sp,sw; "
      "empty: each file is a recording");
    v("devices_as", devices_as, "channels: side by side in one sample; pairs: two views of it",
      choices({"channels", "pairs"}));
    v("time_axis", time_axis, "which axis of a .npy is time: last is [channels, time]",
      choices({"last", "first"}));
  }
};

// What the files at a path are, as open_dataset will take them: options.modality unless "auto".
// Nothing that can be recognised counts as images.
Modality detect_modality(const std::string& path_with_part, const OpenOptions& options = {});

// As `asked`, but everything that `info` settled is said: so a trained encoder gets other data in
// the form that it knows.
OpenOptions settled(const OpenOptions& asked, const DatasetInfo& info);

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
//   pendulum                built in: simulated movement sensors               #pretrain #train
//   #test
//
// Lists and folders may also hold sounds (.wav .flac .ogg .mp3 ...), series (.csv, .tsv: a file a
// recording) or arrays (.npy: a file a sample); what most files are decides, unless
// options.modality does.
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
