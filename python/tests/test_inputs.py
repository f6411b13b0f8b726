import os
import pickle
import struct
import subprocess
import wave

import numpy as np
import pytest
import torch

import likewise


def tone(hertz, seconds=0.5, rate=8000):
    return (0.4 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for i in range(12):
        with wave.open(str(folder / f"{i}.wav"), "wb") as file:
            file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
            values = (32767 * tone(200 + 100 * i, 0.4 + 0.02 * i)).astype(np.int16)
            file.writeframes(struct.pack(f"<{len(values)}h", *values))
    return folder


def test_log_mel_is_the_definition():
    x = np.random.default_rng(0).normal(size=(3, 2, 4000)).astype(np.float32)
    got = likewise.log_mel(x, 8000, n_fft=256, hop=100, linear=True, log="none")
    window = torch.hann_window(256)
    expected = torch.stft(torch.from_numpy(x).reshape(6, -1), 256, 100, window=window, center=True,
                          pad_mode="constant", return_complex=True).abs().square().reshape(3, 2, 129, 41)
    assert got.shape == expected.shape
    assert torch.allclose(got, expected, rtol=1e-3, atol=1e-3)
    assert torch.equal(likewise.log_mel(x[0], 8000)[1], likewise.log_mel(x[0, 1], 8000))
    for bad in (lambda: likewise.log_mel(x, 0), lambda: likewise.log_mel(x, 8000, fmax=9000),
                lambda: likewise.log_mel(x, 8000, mel=3)):
        with pytest.raises(likewise.UserError):
            bad()


def test_sounds_are_read_and_loaded(sounds):
    x, rate = likewise.read_sound(sounds / "3.wav")
    assert rate == 8000 and x.shape == (1, int(8000 * 0.46))
    assert np.abs(x[0].numpy() - tone(500, 0.46)).max() < 1e-3
    assert likewise.read_sound(sounds / "3.wav", 4000)[0].shape == (1, 1840)
    data = likewise.open_dataset(sounds)
    assert (data.modality, data.rate, len(data)) == ("audio", 8000, 12)
    assert data[0][0].dtype == torch.float32
    loader = likewise.Loader(data, batch=4, recipe="specaugment", size=32, seed=1)
    (x0, x1), labels, index = next(iter(loader))
    assert x0.shape == (4, 1, 32, 32) and not torch.equal(x0, x1)
    again = loader.views([data[int(i)][0] for i in index], seed=1, index=index.tolist())
    assert torch.equal(again[0], x0) and torch.equal(again[1], x1)
    windows = likewise.open_dataset(sounds, seconds=0.25)
    assert windows.name_of(1) == "0.wav#0.25" and len(windows) > 20
    with pytest.raises(likewise.UserError):
        likewise.Inputs(data, blur=1)


def test_inputs_of_arrays():
    data = likewise.open_dataset("pendulum#test").subset(range(30))
    inputs = likewise.Inputs(data)
    batch = np.stack([data[i][0].numpy() for i in range(5)])
    x = inputs.evaluate(batch)
    assert x.shape == (5, *inputs.shape) and torch.equal(x, inputs.evaluate(list(batch)))
    assert torch.equal(pickle.loads(pickle.dumps(inputs)).evaluate(batch), x)
    a, b = inputs(batch, seed=3), inputs(batch[2:4], seed=3, index=[2, 3])
    assert torch.equal(a[0][2:4], b[0]) and torch.equal(a[1][2:4], b[1])
    encoder = likewise.make_encoder("resnet1d", shape=inputs.shape, width=8)
    assert encoder(x).shape == (5, encoder.feature_dim)
    with pytest.raises(likewise.UserError, match="6, 128"):
        encoder(x[0])
    assert torch.equal(pickle.loads(pickle.dumps(encoder.eval()))(x), encoder(x))
    assert likewise.make_encoder("mlp", shape=(10,))(torch.zeros(4, 10)).shape == (4, 256)


@pytest.mark.parametrize("data, options", [
    ("sounds", ["--views.size", "32", "--encoder.name", "small"]),
    ("sounds", ["--views.input", "wave", "--encoder.name", "resnet1d"]),
    ("pendulum", ["--data.limit", "24", "--encoder.name", "transformer1d", "--encoder.width", "64"]),
    ("vectors", []),
])
def test_a_run_embeds_as_the_program_does(data, options, sounds, tmp_path):
    program = os.environ.get("LIKEWISE_PROGRAM")
    if not program:
        pytest.skip("LIKEWISE_PROGRAM is not set")
    path = {"sounds": sounds, "pendulum": "pendulum#test", "vectors": tmp_path / "x.npy"}[data]
    if data == "vectors":
        np.save(path, np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32))
    width = [] if "--encoder.width" in options else ["--encoder.width", "8"]
    subprocess.run([program, "pretrain", "--data", path, "--out", tmp_path / "a", "--steps", "2", "--batch", "8",
                    "--health.samples", "0", "--precision", "fp32", *width, *options], check=True, capture_output=True)
    subprocess.run([program, "embed", "--run", tmp_path / "a", "--data", path, "--out", tmp_path / "f.npy"],
                   check=True, capture_output=True)
    expected = torch.from_numpy(np.load(tmp_path / "f.npy"))
    model = likewise.load_run(tmp_path / "a")
    assert torch.allclose(model.embed(str(path)), expected, rtol=1e-3, atol=1e-4)
    opened = likewise.open_dataset(path)
    samples = [opened[i][0].numpy() for i in range(6)]
    assert torch.allclose(model.embed(samples, batch=4), expected[:6], rtol=1e-3, atol=1e-4)
    if data == "sounds":
        assert torch.allclose(model.embed(str(sounds / "0.wav")), expected[:1], rtol=1e-3, atol=1e-4)
    assert model.features(path).x.shape == expected.shape
