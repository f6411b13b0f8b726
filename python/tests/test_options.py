import inspect
import os
import subprocess

import numpy as np
import pytest

import likewise
from likewise import eval as evaluation
from likewise._options import TABLES

FUNCTIONS = {
    "views": likewise.Views.__init__, "open": likewise.open_dataset, "nt_xent": likewise.nt_xent,
    "info_nce": likewise.losses.info_nce, "encoder": likewise.make_encoder, "knn": evaluation.knn_accuracy, "linear_probe": evaluation.linear_probe,
    "few_label": evaluation.few_label, "episodes": evaluation.episodes, "tsne": evaluation.tsne,
    "vicreg": likewise.losses.vicreg, "n_pair": likewise.losses.n_pair, "triplet": likewise.losses.triplet,
    "contrastive_margin": likewise.losses.contrastive_margin, "kmeans": evaluation.kmeans, "novelty": evaluation.fit_novelty, "suggest": evaluation.suggest,
}


def test_every_table_is_somewheres_keywords():
    assert set(FUNCTIONS) | {"spectrum"} == set(TABLES)  # that one is the options of log_mel


@pytest.mark.parametrize("table", sorted(FUNCTIONS))
def test_keywords_and_defaults_are_those_of_the_table(table):
    parameters = inspect.signature(FUNCTIONS[table]).parameters
    for row in TABLES[table]:
        assert parameters[row["name"]].default == row["default"], row["name"]
        assert row["help"] in FUNCTIONS[table].__doc__ or row["name"] == "name"


def test_they_are_those_of_the_command_line():
    program = os.environ.get("LIKEWISE_PROGRAM")
    if not program:
        pytest.skip("LIKEWISE_PROGRAM is not set")
    text = subprocess.run([program, "pretrain", "--help"], capture_output=True, text=True, check=True).stdout
    for row in TABLES["views"]:
        line = next(x for x in text.splitlines() if x.startswith(f"  --views.{row['name']} "))
        default = "auto" if row["default"] is None else str(row["default"])
        assert f"[{default}]" in line and row["help"] in line


def test_values_of_every_kind(images):
    a = likewise.Views(images, crop_min=np.float32(0.25), size=np.int64(16), flip=None)
    assert a.options["crop_min"] == 0.25 and a.options["size"] == 16 and a.options["flip"] == 0.5
    assert likewise.Views(images, crop_min="0.25").options["crop_min"] == 0.25
    assert likewise.make_encoder("resnet18", image_size=8, width=8, zero_init=True).options["zero_init"] is True
