"""Loads what scripts/interop_export wrote in the programs it is for and prints, as a Markdown table, the largest
difference of features (and probabilities) from Likewise's own, relative to the largest value where that is above
one. Ends with 1 when one is above 1e-5."""
import json
import os
import pathlib
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import faiss  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import pandas  # noqa: E402
import safetensors.torch  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
import transformers  # noqa: E402
from PIL import Image  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
torch.set_num_threads(1)
TOLERANCE = 1e-5
work = pathlib.Path(sys.argv[1])
worst = 0.0


def difference(got, expected):
    global worst
    got = np.asarray(got.detach() if isinstance(got, torch.Tensor) else got, dtype=np.float64)
    assert got.shape == expected.shape, (got.shape, expected.shape)
    value = float(np.abs(got - expected).max() / max(1.0, np.abs(expected).max()))
    worst = max(worst, value if np.isfinite(value) else np.inf)
    return value


def onnx_run(path, feed):
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": feed})


class Case:
    def __init__(self, folder):
        self.folder, self.name = folder, folder.name
        with safetensors.safe_open(folder / "timm" / "model.safetensors", "pt") as file:
            self.meta = file.metadata()
        names = [row for row in pandas.read_csv(folder / "features.npy.files.csv")["path"]]
        images = work / "images" / dict(small="RGB32", conv4="L28", resnet18="RGB32", resnet34="RGB64", resnet50="L64",
                                        vit_tiny="RGB32", vit_small="L28")[self.name]
        self.pictures = [Image.open(images / name) for name in names]
        self.u8 = np.stack([np.asarray(p).reshape(p.height, p.width, -1) for p in self.pictures])  # NHWC
        mean, std = (np.array(json.loads(self.meta[key])) for key in ("image_mean", "image_std"))
        x = (self.u8 / 255 - mean) / std
        self.x = np.ascontiguousarray(x.transpose(0, 3, 1, 2).astype(np.float32))
        self.t = torch.from_numpy(self.x)
        self.features = np.load(folder / "features.npy").astype(np.float64)
        assert self.features.std() > 1e-4
        lines = [json.loads(line) for line in open(folder / "predictions.jsonl")]
        classes = json.loads(json.dumps(sorted(lines[0]["probabilities"])))
        self.probabilities = np.array([[line["probabilities"][c] for c in classes] for line in lines])
        self.channels, self.size = self.u8.shape[3], self.u8.shape[1]

    def both(self, outputs):
        return max(difference(outputs[0], self.features), difference(outputs[1], self.probabilities))

    def onnx(self):
        parts = [onnx_run(self.folder / "prepared.onnx", self.x[:n])[0] for n in (1, len(self.x))]
        return max(difference(parts[0], self.features[:1]), difference(parts[1], self.features),
                   self.both(onnx_run(self.folder / "nhwc.onnx", self.u8)),
                   self.both(onnx_run(self.folder / "nchw.onnx", self.u8.transpose(0, 3, 1, 2).copy())))

    def torchscript(self):
        plain = torch.jit.load(self.folder / "prepared.ts").eval()
        with_head = torch.jit.load(self.folder / "nhwc.ts")
        return max(difference(plain(self.t), self.features), difference(plain(self.t[:1]), self.features[:1]),
                   self.both(with_head(torch.from_numpy(self.u8))))

    def torchvision(self):
        weights = torch.load(self.folder / "torchvision.pt", weights_only=True)
        same = safetensors.torch.load_file(self.folder / "torchvision.safetensors")
        assert weights.keys() == same.keys() and all(torch.equal(weights[k], same[k]) for k in same)
        with_head = torch.load(self.folder / "torchvision_model.pt", weights_only=True)
        if self.name.startswith("resnet"):
            make = getattr(torchvision.models, self.name)
            models = [make(), make(num_classes=2)]
            models[0].fc = torch.nn.Identity()
            for model in models:
                stem = dict(kernel_size=7, stride=2, padding=3) if self.name != "resnet18" else dict(kernel_size=3, padding=1)
                model.conv1 = torch.nn.Conv2d(self.channels, 64, bias=False, **stem)
                if self.name == "resnet18":
                    model.maxpool = torch.nn.Identity()
        elif self.name == "vit_tiny":
            make = lambda n: torchvision.models.VisionTransformer(self.size, 4, 12, 3, 192, 768, num_classes=n)  # noqa: E731
            models = [make(2), make(2)]
            models[0].heads = torch.nn.Identity()
        else:
            return None
        models[0].load_state_dict(weights)
        models[1].load_state_dict(with_head)
        return max(difference(models[0].eval()(self.t), self.features),
                   difference(models[1].eval()(self.t).softmax(-1), self.probabilities))

    def timm(self):
        if self.name in ("small", "conv4", "resnet18"):
            return None
        plain = timm.create_model(f"local-dir:{self.folder / 'timm'}", pretrained=True).eval()
        with_head = timm.create_model(f"local-dir:{self.folder / 'timm_model'}", pretrained=True).eval()
        return max(difference(plain(self.t), self.features), difference(with_head(self.t).softmax(-1), self.probabilities))

    def transformers(self):
        if self.name not in ("resnet34", "resnet50", "vit_tiny"):
            return None
        folder = self.folder / "hf"
        plain, report = transformers.AutoModel.from_pretrained(folder, output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"], report
        with_head, report = transformers.AutoModelForImageClassification.from_pretrained(self.folder / "hf_model",
                                                                                         output_loading_info=True)
        assert not report["missing_keys"] and not report["unexpected_keys"], report
        assert with_head.config.id2label == {0: "bright", 1: "dark"}
        value = max(difference(plain.eval()(self.t).pooler_output.flatten(1), self.features),
                    difference(with_head.eval()(self.t).logits.softmax(-1), self.probabilities))
        if self.channels == 3:
            processor = transformers.AutoImageProcessor.from_pretrained(folder)
            pixels = processor(self.pictures, return_tensors="pt").pixel_values
            value = max(value, difference(plain(pixels).pooler_output.flatten(1), self.features))
        return value


def features_out():
    folder = work / "small"
    x = np.load(folder / "features.npy")
    expected = x.astype(np.float64)
    rows = {".npy (numpy)": difference(x, expected),
            ".safetensors": difference(safetensors.torch.load_file(folder / "features.safetensors")["features"], expected)}
    table = pandas.read_csv(folder / "features.csv", float_precision="round_trip")
    rows[".csv (pandas)"] = difference(table[[f"f{i}" for i in range(x.shape[1])]].to_numpy(np.float32), expected)
    assert list(table["path"]) == list(pandas.read_csv(folder / "features.npy.files.csv")["path"])
    for name, metric in (("cosine.faiss", "cosine"), ("l2.index", "l2")):
        index = faiss.read_index(str(folder / name))
        queries = x / np.linalg.norm(x, axis=1, keepdims=True) if metric == "cosine" else x
        own = (faiss.IndexFlatIP if metric == "cosine" else faiss.IndexFlatL2)(x.shape[1])
        own.add(queries)
        values, found = index.search(queries, 5)
        expected_values, expected_found = own.search(queries, 5)
        assert (found == expected_found).all() and index.ntotal == len(x)
        rows[f"FAISS {metric} (faiss, search)"] = difference(values, expected_values.astype(np.float64))
    tensors = pandas.read_csv(folder / "projector" / "tensors.tsv", sep="\t", header=None, float_precision="round_trip")
    rows["projector's tensors.tsv"] = difference(tensors.to_numpy(np.float32), expected)
    metadata = pandas.read_csv(folder / "projector" / "metadata.tsv", sep="\t")
    assert list(metadata["path"]) == list(table["path"]) and set(metadata["label"]) == {"bright", "dark"}
    sheet = Image.open(folder / "projector" / "sprite.png")
    assert sheet.size == (4 * 32, 4 * 32)
    try:
        from google.protobuf import text_format
        from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
        config = text_format.Parse((folder / "projector" / "projector_config.pbtxt").read_text(), ProjectorConfig())
        assert config.embeddings[0].sprite.single_image_dim[0] == 32
    except ImportError:
        print("(tensorboard is not installed: projector_config.pbtxt was not parsed)")
    return rows


columns = ("onnx", "torchscript", "torchvision", "timm", "transformers")
print("versions:", ", ".join(f"{m.__name__} {m.__version__}" for m in (torch, torchvision, timm, transformers, onnx, onnxruntime, faiss)))
print("\n| encoder | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
with torch.no_grad():
    for name in ("small", "conv4", "resnet18", "resnet34", "resnet50", "vit_tiny", "vit_small"):
        case = Case(work / name)
        cells = [getattr(case, column)() for column in columns]
        print(f"| {name} ({case.channels} x {case.size} x {case.size}) | " +
              " | ".join("–" if cell is None else f"{cell:.1e}" for cell in cells) + " |", flush=True)
print("\n| features out | largest difference |\n|---|---|")
for what, value in features_out().items():
    print(f"| {what} | {value:.1e} |")
print(f"\nlargest difference {worst:.1e}, accepted {TOLERANCE:.0e}")
sys.exit(worst > TOLERANCE)
