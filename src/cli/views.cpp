// likewise views: apply, gallery, budget
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/startup.hpp"
#include "cli/views_budget.hpp"
#include "likewise/base/error.hpp"
#include "likewise/base/file.hpp"
#include "likewise/base/options.hpp"
#include "likewise/base/progress.hpp"
#include "likewise/base/text.hpp"
#include "likewise/data/image_tensor.hpp"
#include "likewise/data/open.hpp"
#include "likewise/formats/npy.hpp"
#include "likewise/report/gallery.hpp"
#include "likewise/train/learned.hpp"
#include "likewise/train/run_folder.hpp"
#include "likewise/train/view_gallery.hpp"

namespace likewise::cli {

namespace {

namespace fs = std::filesystem;

struct ViewsOptions {
  std::string run, data, out;
  int64_t views = 2, limit = 0;
  int64_t seed = 0, threads = 0;
  SoundOptions sound;
  template <class V>
  void fields(V& v) {
    v("run", run, "run whose viewmaker to use");
    v("data", data, "what to make views of; that of the run when not given");
    v("out", out, "apply: a folder of PNG files or a .npy file; gallery: a page (RUN/views.html)");
    v("views", views, "how many of each sample", range(1, 1000));
    v("limit", limit, "so many samples, evenly spaced; 0: all (gallery: 12)", range(0, 1e12));
    v("seed", seed, "of the noise", range(0, 9e18));
    v("threads", threads, "threads for arithmetic; 0: one a processor", range(0, 4096));
    v.group("sound", sound);
  }
};

// What `apply` and `gallery` begin with.
struct Opened {
  DatasetPtr data;
  EncoderSpec spec;
  std::unique_ptr<ViewMaking> making;  // null for a run without a viewmaker
  std::vector<int64_t> rows;
};

Opened open_all(const ViewsOptions& options, int64_t limit, bool needs_viewmaker) {
  if (options.run.empty()) throw UserError("views: --run is needed");
  const RunFolder folder{options.run};
  auto views = needs_viewmaker ? load_viewmaker(options.run) : find_viewmaker(options.run);
  const bool is_run = fs::exists(folder.options());
  const auto told = [&](const char* key) {
    return is_run ? peek_toml(read_text(folder.options()), folder.options().string(), key, "")
                  : std::string();
  };
  const std::string path = options.data.empty() ? told("data.path") : options.data;
  if (path.empty()) throw UserError("views: --data is needed");
  Opened out;
  out.spec = load_encoder(options.run).spec;
  out.data = open_dataset(path, out.spec.data);
  if (views) {
    out.making = std::make_unique<ViewMaking>(views, out.spec, told("viewmaker.use") == "after",
                                              static_cast<uint64_t>(options.seed), options.sound);
  }
  const int64_t n = out.data->size(), wanted = limit > 0 ? std::min(limit, n) : n;
  for (int64_t k = 0; k < wanted; ++k) out.rows.push_back(k * n / wanted);
  return out;
}

// A name that stays inside the folder that it is written to: "cat/1.jpg" -> "cat/1".
fs::path inside(const std::string& name, int64_t index) {
  fs::path out;
  for (const auto& part : fs::path(name).lexically_normal().relative_path()) {
    const std::string word = part.string();
    if (word != ".." && word != "." && !word.empty()) out /= word;
  }
  if (out.empty()) out = std::to_string(index);
  return out.replace_extension();
}

void write_image(const fs::path& path, const Tensor& x) {
  const Tensor bytes = (x.clamp(0, 1) * 255).round().to(at::kByte).contiguous();
  write_file(path, encode_png(to_image(bytes)));
}

int apply(const ViewsOptions& options) {
  if (options.out.empty()) throw UserError("views apply: --out is needed, a folder or a .npy file");
  const Opened all = open_all(options, options.limit, true);
  const bool array = fs::path(options.out).extension() == ".npy";
  if (!array && all.data->info().modality != Modality::image) {
    throw UserError("--out {}: only views of images are PNG files; a name ending in .npy takes any",
                    options.out);
  }
  ProgressLine progress("auto");
  std::vector<Tensor> rows;
  std::vector<std::string> names, bad;
  for (const int64_t i : all.rows) {
    Tensor sample;
    try {
      sample = all.data->get(i).parts.at(0);
    } catch (const DataError& error) {
      bad.emplace_back(error.what());
      continue;
    }
    std::vector<Tensor> made;
    for (int64_t k = 0; k < options.views; ++k) made.push_back(all.making->make(sample, i, k).view);
    if (array) {
      rows.push_back(at::stack(made));
      names.push_back(all.data->name(i));
    } else {
      const fs::path name = inside(all.data->name(i), i);
      for (size_t k = 0; k < made.size(); ++k) {
        fs::path file = fs::path(options.out) / name;
        file += fmt::format("-{}.png", k);
        write_image(file, made[k]);
      }
      names.push_back(name.string());
    }
    progress.update(static_cast<double>(names.size()) / static_cast<double>(all.rows.size()),
                    "views");
  }
  progress.finish();
  if (names.empty()) throw DataError("{}", bad.empty() ? "there are no samples" : bad[0]);
  for (const auto& line : bad) fmt::print(stderr, "left out: {}\n", line);
  if (array) {
    const Tensor values = at::stack(rows).contiguous();  // [M, K, ...]
    NpyArray out{"f4", values.sizes().vec(), {}};
    const auto* bytes = static_cast<const uint8_t*>(values.data_ptr());
    out.bytes.assign(bytes, bytes + values.nbytes());
    write_file(options.out, write_npy(out));
    write_file(options.out + ".files.txt", join(names, "\n") + "\n");
  }
  fmt::print("{} views of {} samples: {}\n", options.views, names.size(), options.out);
  return 0;
}

std::string opening_of(const ViewsOptions& options, const Opened& all) {
  if (!all.making) {
    return fmt::format("What the views of {} make of {}.", options.run, all.data->info().name);
  }
  const ViewmakerSpec& spec = all.making->views().spec();
  return fmt::format("What the viewmaker of {} makes of {}: budget {} ({}{}).", options.run,
                     all.data->info().name, spec.budget, spec.norm,
                     spec.domain == "dct" ? ", in cosines" : "");
}

int gallery(ViewsOptions options, bool views_given) {
  const Opened all = open_all(options, options.limit > 0 ? options.limit : 12, false);
  const bool sounds = input_kind(all.spec.modality).sound != nullptr;
  const int64_t count = views_given ? options.views : sounds ? Listener::kViews : 8;
  if (options.out.empty()) options.out = (fs::path(options.run) / "views.html").string();
  const RecipeViews recipe(all.spec, all.data, options.sound);
  nlohmann::json rows = nlohmann::json::array();
  for (const int64_t i : all.rows) {
    try {
      const Sample sample = all.data->get(i);
      const bool heard = static_cast<int64_t>(rows.size()) < Listener::kRows;
      rows.push_back(all.making
                         ? all.making->row(sample.parts.at(0), all.data->name(i), i, count, heard)
                         : recipe.row(sample, all.data->name(i), count, heard));
    } catch (const DataError& error) {
      fmt::print(stderr, "left out: {}\n", error.what());
    }
  }
  write_file(options.out, gallery_page({{"rows", rows}}, fs::path(options.run).filename().string(),
                                       opening_of(options, all)));
  fmt::print("{}\n", options.out);
  return 0;
}

}  // namespace

int run_views(const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "budget") {
    return run_views_budget({words.begin() + 1, words.end()});
  }
  ViewsOptions options;
  Fields fields(options);
  const Arguments arguments = parse_arguments(words, fields);
  if (arguments.help) {
    fmt::print(
        "Views that a run makes.\n\n"
        "  likewise views apply --run runs/a --data photos --out views/     PNG files, two an "
        "image\n"
        "  likewise views apply --run runs/a --data photos --out views.npy  [samples, views, ...]\n"
        "  likewise views gallery --run runs/a                              a page to look at, and "
        "to listen to\n"
        "  likewise views budget --help                                     which budget suits the "
        "data\n"
        "\n{}",
        fields.help());
    return 0;
  }
  if (arguments.positional.size() != 1 ||
      (arguments.positional[0] != "apply" && arguments.positional[0] != "gallery")) {
    throw UserError("views: apply, gallery or budget is expected{}",
                    arguments.positional.empty() ? "" : ", not " + arguments.positional[0]);
  }
  set_threads(static_cast<long>(options.threads));
  if (arguments.positional[0] == "apply") return apply(options);
  return gallery(options, !peek_argument(words, "views", "").empty());
}

}  // namespace likewise::cli
