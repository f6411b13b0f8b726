// The program's commands, in the order in which a person meets them.
#include "cli/command.hpp"

namespace likewise::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"pretrain", "learn an encoder from unlabelled images",
       "likewise pretrain --data PATH --out RUN [--minutes 30] [@run.toml] [--key value]",
       run_pretrain},
      {"evaluate", "measure the encoder of a run with labelled data",
       "likewise evaluate --run RUN [--data PATH --test PATH] [--eval "
       "knn,linear,few_label,episodes]",
       run_evaluate},
      {"fit", "turn the labels there are into a classifier",
       "likewise fit --run RUN --data PATH [--labels labels.csv] --out MODEL", run_fit},
      {"fewshot", "learn from few labels: by episodes, or heads on an encoder, measured",
       "likewise fewshot --data PATH --method prototypical --test.data PATH --out RUN\n"
       "       likewise fewshot --data PATH --run RUN --shots 1,5,10 [--out MODEL]\n"
       "       likewise fewshot --runs FOLDER [--run RUN]",
       run_fewshot},
      {"predict", "classify images with a fitted model",
       "likewise predict --model MODEL --data PATH [--out predictions.csv]", run_predict},
      {"embed", "write the features of images",
       "likewise embed --run RUN --data PATH --out features.npy|.safetensors|.csv|.faiss|FOLDER/",
       run_embed},
      {"export", "write an encoder or a classifier for other programs",
       "likewise export --run RUN | --model MODEL --out FILE|FOLDER "
       "[--format hf|timm|torchvision|onnx|torchscript]",
       run_export},
      {"search", "find the images nearest to an image",
       "likewise search --run RUN --data PATH --query IMAGE [--count 10]", run_search},
      {"duplicates", "find groups of nearly equal images",
       "likewise duplicates --run RUN --data PATH [--threshold 0.98]", run_duplicates},
      {"suggest", "say which images to label next",
       "likewise suggest --run RUN --data PATH [--count 20] [--labels labels.csv]", run_suggest},
      {"diagnose", "say whether the batch of a contrastive run is large enough",
       "likewise diagnose batch --run RUN", run_diagnose},
      {"views", "write or show the views that a run's viewmaker makes; choose its budget",
       "likewise views apply|gallery|budget --run RUN --data PATH --out OUT", run_views},
      {"sweep", "run several settings and seeds in turn, resumably, into one table",
       "likewise sweep FILE.toml [--out FOLDER]", run_sweep},
      {"report", "write one self-contained page about a run, or one that compares several",
       "likewise report RUN [RUN ...] [--out page.html]", run_report},
      {"list", "show what there is: methods, few-shot methods, encoders, views, datasets",
       "likewise list [methods|fewshot|encoders|views|datasets]", run_list},
      {"doctor", "show what this build and machine can do, and what makes it slow",
       "likewise doctor", run_doctor},
  };
  return table;
}

}  // namespace likewise::cli
