"""What a long call does to the rest of the process."""
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch

from likewise.losses import nt_xent


def test_other_threads_run_meanwhile():
    z0, z1 = torch.randn(2, 6000, 128).unbind()
    inside, seen, stop = threading.Event(), [], threading.Event()

    def watch():
        while not stop.is_set():
            if inside.is_set():
                seen.append(1)
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    inside.set()
    nt_xent(z0, z1)
    inside.clear()
    stop.set()
    thread.join()
    assert len(seen) > 5  # with Python held, two at most


CALLS = {
    "loss": "z = torch.randn(2, 60000, 256); start(); likewise.nt_xent(z[0], z[1])",
    "map": "x = torch.randn(5000, 50); start(); likewise.eval.tsne(x, steps=100000)",
    "probe": "x = torch.randn(20000, 400); y = torch.arange(20000) % 100; start(); "
             "likewise.eval.linear_probe(x, y, max_iterations=100000, tolerance=1e-14)",
    "views": "x = torch.zeros(1, 3, 3000, 3000, dtype=torch.uint8).expand(5000, -1, -1, -1)\n"
             "v = likewise.Views(recipe='simclr', size=8); start(); v(x)",
    "loader": "x = torch.zeros(1, 3, 3000, 3000, dtype=torch.uint8)\n"
              "d = likewise.memory_dataset(x).subset([0] * 5000); start()\n"
              "next(iter(likewise.Loader(d, likewise.Views(recipe='simclr', size=8), batch=5000)))",
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_control_c_ends_a_long_call(name):
    # A shell's background jobs ignore the signal, and their children with them.
    code = ("import signal, torch, likewise\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "def start(): print('now', flush=True)\n"
            f"try:\n    {CALLS[name].replace(chr(10), chr(10) + '    ')}\n    print('finished')\n"
            "except KeyboardInterrupt:\n    print('interrupted')\n")
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "now\n"
    time.sleep(0.7)
    child.send_signal(signal.SIGINT)
    assert child.stdout.read() == "interrupted\n"
    assert child.wait(timeout=60) == 0
