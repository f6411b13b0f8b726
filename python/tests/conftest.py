import numpy as np
import pytest
import torch


@pytest.fixture
def images() -> np.ndarray:
    """uint8 [20, 32, 32, 3] with structure, so that a view of one is not a view of another."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:32, 0:32]
    waves = [120 + 100 * np.sin(rng.uniform(.1, .5, 3) * x[..., None] + rng.uniform(.1, .5, 3) * y[..., None])
             for _ in range(20)]
    return np.stack(waves).clip(0, 255).astype(np.uint8)


@pytest.fixture
def blobs() -> tuple[torch.Tensor, torch.Tensor]:
    """Features [600, 16] of 3 classes that are well apart, and labels."""
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(600) % 3
    centres = 3 * torch.randn(3, 16, generator=generator)
    return centres[y] + torch.randn(600, 16, generator=generator), y
