#pragma once
// What training by episodes can be told, apart from the method's own options.

#include <cstdint>
#include <string>
#include <vector>

#include "likewise/base/options.hpp"
#include "likewise/fewshot/distort.hpp"
#include "likewise/nn/encoder_options.hpp"

namespace likewise {

struct FewShotDataOptions {
  std::string path;
  bool quarter_turns = false;
  bool within_domains = false;
  double within_share = 1;
  int64_t limit = 0;
  int64_t max_bad = 100;
  template <class V>
  void fields(V& v) {
    v("path", path,
      "labelled images to train on: a folder for each class, a list, a data set; "
      "PATH#part names a part");
    v("quarter_turns", quarter_turns,
      "every class in four turns, each turn a class of its own, for training, validation and test");
    v("within_domains", within_domains,
      "all classes of a training episode from one domain: an alphabet (in one turn), a site");
    v("within_share", within_share,
      "with within_domains: of so many of the episodes; the others have classes of all domains",
      range(0, 1));
    v("limit", limit, "use so many images, drawn by the seed; 0: all", range(0, 1e12));
    v("max_bad", max_bad, "broken files that are skipped before it is an error", range(0, 1e12));
  }
};

struct FewShotTestOptions {
  std::string data;
  std::vector<int64_t> ways = {5, 20}, shots = {1, 5};
  int64_t queries = 15, episodes = 1000;
  bool within_domains = false;
  std::string norms = "auto";
  bool baselines = true;
  int64_t seed = 0;
  template <class V>
  void fields(V& v) {
    v("data", data,
      "labelled images of other classes, looked at when training is over; none: no "
      "test");
    v("ways", ways, "classes of the test episodes");
    v("shots", shots, "labelled images a class");
    v("queries", queries, "queries a class", range(1, 1e5));
    v("episodes", episodes, "episodes of each kind", range(2, 1e8));
    v("within_domains", within_domains, "all classes of a test episode from one domain");
    v("norms", norms,
      "batch-norm modes to score with, separated by commas: inductive, support, transductive; "
      "auto: the method's own");
    v("baselines", baselines, "also measure raw pixels and the untrained method");
    v("seed", seed, "of the test episodes", range(0, 9e18));
  }
};

struct FewShotValidationOptions {
  std::string data, domains;
  double share = 0.1;
  int64_t every = 0, episodes = 100, ways = 0;
  bool within_domains = false;
  template <class V>
  void fields(V& v) {
    v("data", data,
      "labelled images of other classes that choose the checkpoint; else a part of the "
      "training classes");
    v("domains", domains, "training domains that are held out for it, separated by commas");
    v("share", share,
      "else this part of the training classes, drawn by the seed; 0: none, the last "
      "checkpoint is kept",
      range(0, 0.9));
    v("every", every, "training episodes between two looks; 0: a tenth of the budget",
      range(0, 1e12));
    v("episodes", episodes, "episodes of a look", range(2, 1e7));
    v("ways", ways, "their classes; 0: 5, or what the learner has outputs for", range(0, 1e5));
    v("within_domains", within_domains,
      "all classes of a validation episode from one domain (always so with "
      "--data.within_domains)");
  }
};

struct FewShotOptions {
  std::string out;
  FewShotDataOptions data;
  std::string method = "prototypical";
  EncoderOptions encoder;
  int64_t size = 0;

  int64_t ways = 0, shots = 0, queries = -1, tasks = 0;
  int64_t episodes = 1500;
  double lr = 0;
  std::string schedule = "auto";
  int64_t halve_every = 2000;
  double halve_by = 0.5;
  std::string optimizer = "auto";
  double momentum = 0;
  double weight_decay = -1, clip = -1;
  fewshot::DistortOptions distort;

  FewShotValidationOptions valid;
  FewShotTestOptions test;

  int64_t seed = 0, threads = 0;
  bool resume = false, overwrite = false;
  double checkpoint_minutes = 1;
  int64_t checkpoint_steps = 0;
  std::string progress = "auto";

  template <class V>
  void fields(V& v) {
    v("out", out, "run folder to make");
    v.group("data", data);
    v("method", method, "how episodes are learned; see `likewise list fewshot`");
    v.group("encoder", encoder);
    v("size", size,
      "side of the square images in pixels; 0: 28 for grey images, 84 for others, no more than "
      "they "
      "have (Koch's network needs 105)",
      range(0, 4096));
    v("ways", ways, "classes of a training episode; 0: the method's own", range(0, 1e5));
    v("shots", shots, "labelled images a class in it; 0: the method's own", range(0, 1e5));
    v("queries", queries, "queries a class in it; -1: the method's own", range(-1, 1e5));
    v("tasks", tasks, "episodes a step; 0: the method's own", range(0, 1e5));
    v("episodes", episodes, "budget in training episodes", range(1, 1e12));
    v("lr", lr, "learning rate at its highest; 0: the method's own", range(0, 1e6));
    v("schedule", schedule, "course of the learning rate; auto: the method's own",
      choices({"auto", "halving", "constant", "linear", "cosine"}));
    v("halve_every", halve_every, "halving: episodes between two halvings", range(1, 1e12));
    v("halve_by", halve_by, "halving: what a rate is multiplied by each time", range(0, 1));
    v("optimizer", optimizer, "how gradients become steps; auto: the method's own",
      choices({"auto", "adam", "sgd"}));
    v("momentum", momentum, "of sgd", range(0, 1));
    v("weight_decay", weight_decay, "pull to zero, not on biases and norms; -1: the method's own",
      range(-1, 1e6));
    v("clip", clip, "largest gradient norm; 0: no clipping, -1: the method's own", range(-1, 1e12));
    v.group("distort", distort);
    v.group("valid", valid);
    v.group("test", test);
    v("seed", seed, "decides everything random in training", range(0, 9e18));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
    v("resume", resume, "go on from the last checkpoint of --out");
    v("overwrite", overwrite, "replace an existing run in --out");
    v("checkpoint.minutes", checkpoint_minutes, "time between checkpoints", range(0, 1e6));
    v("checkpoint.steps", checkpoint_steps, "steps between checkpoints; 0: by time only",
      range(0, 1e15));
    v("progress", progress, "how progress is shown", choices({"auto", "bar", "lines", "none"}));
  }
};

}  // namespace likewise
