#pragma once
// Everything that a pretraining run can be told, apart from the method's own options.

#include <cstdint>
#include <string>

#include "likewise/base/options.hpp"
#include "likewise/methods/learned_views.hpp"
#include "likewise/nn/catalogue.hpp"
#include "likewise/optim/optimizer.hpp"
#include "likewise/optim/schedule.hpp"
#include "likewise/views/input.hpp"

namespace likewise {

struct DataOptions {
  std::string path;
  int64_t max_bad = 100;
  int64_t cache_mb = 4096;
  int64_t workers = 0;
  int64_t limit = 0;
  bool quarter_turns = false;
  std::string views_on = "auto";
  OpenOptions open;
  template <class V>
  void fields(V& v) {
    v("path", path, "folder, file or built-in data set; PATH#part names a part");
    v("max_bad", max_bad, "broken files that are skipped before it is an error", range(0, 1e12));
    v("cache_mb", cache_mb, "memory for decoded samples, in MiB; what fits is decoded once",
      range(0, 1e9));
    v("workers", workers, "loader threads; 0: one", range(0, 256));
    v("limit", limit, "use so many samples, drawn by the seed; 0: all", range(0, 1e12));
    v("quarter_turns", quarter_turns, "every image in four turns, each turn a class of its own");
    v("views_on", views_on,
      "who makes the random views of images: the loader's threads, or the GPU of --device; auto: "
      "the "
      "GPU where this build has the kernel",
      choices({"auto", "loader", "device"}));
    open.fields(v);
  }
};

struct PretrainOptions {
  static OptimOptions default_optim() {
    OptimOptions optim;
    optim.lr = 4e-3;
    optim.weight_decay = 1e-4;
    return optim;
  }

  std::string out;
  DataOptions data;
  std::string method = "simclr";
  EncoderOptions encoder;
  // What the data are; it decides which views there are to be described: whoever describes the
  // options sets it before (see detect_modality), "auto" describes those of images.
  std::string modality = "auto";
  ImageViewOptions views;
  ViewmakerOptions viewmaker;
  AudioViewOptions audio;
  SeriesViewOptions series;
  TensorViewOptions tensor;
  OptimOptions optim = default_optim();
  ScheduleOptions schedule;

  double epochs = 0;
  int64_t steps = 0;
  double minutes = 0;
  int64_t batch = 256;
  int64_t chunk = 0;
  int64_t accumulate = 1;
  int64_t per_class = 0;
  double labelled = 1;
  double clip = 0;
  double ema = 0;
  std::string precision = "auto";
  std::string device = "auto";
  int64_t threads = 0;
  int64_t seed = 0;

  std::string init_from;
  bool resume = false;
  bool overwrite = false;
  double checkpoint_minutes = 1;
  int64_t checkpoint_steps = 0;
  int64_t health_samples = 1024;
  std::string knn_train, knn_test;
  std::string progress = "auto";
  bool profile = false;
  bool explain = false;

  template <class V>
  void fields(V& v) {
    v("out", out, "run folder to make");
    v.group("data", data);
    v("method", method,
      "what is learned; see `likewise list methods`; auto: chosen by the data, see --explain");
    v.group("encoder", encoder);
    v("modality", modality, "what the data are; auto: by the files",
      choices({"auto", "image", "audio", "series", "tensor"}));
    if (modality == "audio") {
      v.group("views", audio);
    } else if (modality == "series") {
      v.group("views", series);
    } else if (modality == "tensor") {
      v.group("views", tensor);
    } else {
      v.group("views", views);
    }
    v.group("viewmaker", viewmaker);
    v("epochs", epochs, "budget in passes over the data; 100 when no budget is given",
      range(0, 1e9));
    v("steps", steps, "budget in optimiser steps", range(0, 1e15));
    v("minutes", minutes, "budget in time; the schedule follows the clock", range(0, 1e7));
    v("batch", batch, "samples in a step; each gives every view", range(2, 1e7));
    v("chunk", chunk, "gradient caching: images that pass the encoder at once; 0: the whole batch",
      range(0, 1e7));
    v("accumulate", accumulate, "batches whose gradients are averaged before a step",
      range(1, 1e6));
    v("per_class", per_class,
      "samples of each class in a batch, for methods that use labels; 0: classes play no part",
      range(0, 1e6));
    v("labelled", labelled, "part of a batch that is drawn so; the rest from all images",
      range(0.01, 1));
    v("clip", clip, "largest gradient norm; 0: no clipping", range(0, 1e12));
    v("ema", ema, "decay of a moving average of the weights, which is then the result; 0: none",
      range(0, 1));
    v("precision", precision, "arithmetic of the encoder; auto measures which is faster",
      choices({"auto", "fp32", "bf16"}));
    v("device", device,
      "where tensors live: auto (a GPU if libtorch can use one), cpu, cuda, cuda:N");
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
    v("seed", seed, "decides everything random", range(0, 9e18));
    v.group("optim", optim);
    v.group("schedule", schedule);
    v("init_from", init_from,
      "weights to begin with: a run, or a file of others (see likewise embed --help); with "
      "--encoder auto its architecture, too");
    v("resume", resume, "go on from the last checkpoint of --out");
    v("overwrite", overwrite, "replace an existing run in --out");
    v("checkpoint.minutes", checkpoint_minutes, "time between checkpoints", range(0, 1e6));
    v("checkpoint.steps", checkpoint_steps, "steps between checkpoints; 0: by time only",
      range(0, 1e15));
    v("health.samples", health_samples, "images looked at for the health line; 0: no health line",
      range(0, 1e6));
    v("knn.train", knn_train, "labelled data for the kNN accuracy that is logged every epoch");
    v("knn.test", knn_test, "labelled data that this kNN is tested on");
    v("progress", progress, "how progress is shown", choices({"auto", "bar", "lines", "none"}));
    v("profile", profile, "say at the end where the time of a step went");
    v("explain", explain,
      "with --method auto: print what is chosen, why, and what each rule rests on; without --out "
      "nothing is "
      "trained");
  }
};

}  // namespace likewise
