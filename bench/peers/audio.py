"""Log-mel spectrograms a second of one thread, from WAV files: librosa and torchaudio. The same files and
settings as bench/audio.cpp. Usage: OMP_NUM_THREADS=1 python audio.py (needs librosa, soundfile; torchaudio)."""
import pathlib
import tempfile
import time

import numpy as np
import soundfile

rng = np.random.default_rng(0)
folder = pathlib.Path(tempfile.mkdtemp())
paths = []
for i in range(32):
    t = np.arange(16000)
    wave = .3 * np.sin(rng.uniform(100, 2000) * t / 2546) + .05 * rng.normal(size=16000)
    paths.append(folder / f"{i}.wav")
    soundfile.write(paths[-1], wave.astype(np.float32), 16000, subtype="PCM_16")


def rate(work, seconds=3):
    work(paths[0])
    count, start = 0, time.process_time()  # as bench_audio: the processor's time
    while time.process_time() - start < seconds:
        work(paths[count % len(paths)])
        count += 1
    return count / (time.process_time() - start)


try:
    import librosa

    def by_librosa(path):
        y, sr = librosa.load(path, sr=None)
        return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sr, n_fft=1024, hop_length=160, n_mels=64))

    print(f"log_mel/files_16k librosa {rate(by_librosa):.0f} /s")
except ImportError:
    print("librosa is not installed")
try:
    import torch
    import torchaudio
    torch.set_num_threads(1)
    mel = torchaudio.transforms.MelSpectrogram(16000, n_fft=1024, hop_length=160, n_mels=64)
    db = torchaudio.transforms.AmplitudeToDB(top_db=80)

    def by_torchaudio(path):
        y, _ = soundfile.read(path, dtype="float32")
        return db(mel(torch.from_numpy(y)))

    print(f"log_mel/files_16k torchaudio {rate(by_torchaudio):.0f} /s")
except ImportError:
    print("torchaudio is not installed")
