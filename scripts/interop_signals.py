"""See scripts/interop_signals. Prints a Markdown table of the largest differences, relative to the largest value where
that is above one. Ends with 1 when one is above 1e-5."""
import json
import pathlib
import struct
import subprocess
import sys
import wave

import numpy as np
import onnx
import onnxruntime
import torch

torch.set_num_threads(1)
program, work = sys.argv[1], pathlib.Path(sys.argv[2])
rng = np.random.default_rng(0)
worst = 0.0


def call(*words):
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"interop_signals: failed: {words}\n{done.stdout}{done.stderr}")


def difference(got, expected):
    global worst
    assert got.shape == expected.shape, (got.shape, expected.shape)
    value = float(np.abs(got.astype(np.float64) - expected).max() / max(1.0, np.abs(expected).max()))
    worst = max(worst, value if np.isfinite(value) else np.inf)
    return f"{value:.1e}"


def series():
    for i in range(12):
        path = work / "series" / f"s{i % 3}" / f"{i:02}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, rng.normal(size=(6, 150)).astype(np.float32).cumsum(1))
    return work / "series"


def vectors():
    np.save(work / "vectors.npy", rng.normal(size=(40, 9)).astype(np.float32) * 3 + 1)
    return work / "vectors.npy"


def sounds():
    folder = work / "sounds"
    folder.mkdir(exist_ok=True)
    for i in range(12):
        with wave.open(str(folder / f"{i:02}.wav"), "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
            values = (9000 * np.sin(np.arange(4000) * 0.02 * (i + 3))).astype(np.int16)
            file.writeframes(struct.pack(f"<{len(values)}h", *values))
    return folder


def raw(name):
    """What Likewise standardises to get its features, in its order; None where that is made outside of the graph."""
    if name == "vectors":
        return np.load(work / "vectors.npy")
    if name == "series":
        return np.stack([np.load(path) for path in sorted((work / "series").rglob("*.npy"))])
    return None


print("| encoder, input | onnxruntime | torch.jit | one from the other |\n|---|---|---|---|")
paths = {"series": series(), "vectors": vectors(), "sounds": sounds()}
for name, encoder, more in [("series", "resnet1d", []), ("series", "transformer1d", ["--encoder.heads", "4"]),
                            ("vectors", "mlp", []), ("sounds", "small", ["--views.size", "40"]),
                            ("sounds", "resnet18", ["--encoder.width", "8"]),
                            ("sounds", "resnet1d", ["--views.input", "wave"])]:
    run = work / f"{name}-{encoder}"
    window = ["--data.window", "150"] if name == "series" else []
    call("pretrain", "--data", paths[name], "--out", run, "--encoder.name", encoder, "--steps", 3, "--batch", 6, "--progress",
         "none", "--overwrite", "--health.samples", 0, "--precision", "fp32", *window, *more)
    call("embed", "--run", run, "--data", paths[name], "--out", run / "f.npy")
    for ending in ("onnx", "ts"):
        call("export", "--overwrite", "--run", run, "--out", run / f"a.{ending}")
    onnx.checker.check_model(str(run / "a.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(str(run / "a.onnx"), providers=["CPUExecutionProvider"])
    meta = session.get_modelmeta().custom_metadata_map
    shape = json.loads(meta["input_shape"])[1:]
    x = raw(name)
    if x is not None:
        mean, std = (np.array(json.loads(meta[key])).reshape(-1, *[1] * (len(shape) - 1)) for key in ("input_mean", "input_std"))
        x = ((x - mean) / std).astype(np.float32)
    else:
        x = rng.normal(size=(5, *shape)).astype(np.float32)
    with torch.no_grad():
        a, b = session.run(None, {"input": x})[0], torch.jit.load(str(run / "a.ts"))(torch.from_numpy(x)).numpy()
    one = session.run(None, {"input": x[:1]})[0]
    assert np.allclose(one, a[:1], atol=1e-5)
    ours = [difference(got, np.load(run / "f.npy")) for got in (a, b)] if raw(name) is not None else ["–", "–"]
    print(f"| {encoder}, {name} {' x '.join(map(str, shape))} | {ours[0]} | {ours[1]} | {difference(a, b)} |", flush=True)
sys.exit(worst > 1e-5)
