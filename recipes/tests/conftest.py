"""What the tests of the recipes share with those of the package; `pytest recipes` runs all of them."""

import dataclasses
import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as tests/conftest.py says

import pytest
from loopback_hub import loopback as loopback

from deepart.models.generator import GeneratorConfig
from deepart.models.spatial_vae import SpatialVAE, SpatialVAEConfig
from deepart.models.vector_vae import VectorVAE, VectorVAEConfig
from recipes import export_gan, export_vae, gan_directions, train_gan, train_vae, vae_adversary
from recipes.gan_discriminator import LAYERS, FeatureDiscriminator, PixelDiscriminator
from recipes.vae_adversary import PatchDiscriminator

MAPS = SpatialVAEConfig(channels=8, quarter=8, eighth=8, quarter_blocks=1, eighth_blocks=1)
VECTORS = VectorVAEConfig(latent=12, encoder=(8, 8), decoder=(8, 8, 8), prior=8)


@pytest.fixture
def tiny_gan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training of generators with tiny networks, judged on few pictures."""
    monkeypatch.setattr(train_gan, "CONFIG", GeneratorConfig(latent=8, mapping=16, channels=(16, 12, 8)))
    monkeypatch.setattr(train_gan, "JUDGED", 64)
    monkeypatch.setattr(train_gan, "PixelDiscriminator", lambda: PixelDiscriminator((8, 12), 4))
    monkeypatch.setattr(export_gan, "MAPPED", 500)
    monkeypatch.setattr(gan_directions, "SEEDS", 100)
    monkeypatch.setattr(gan_directions, "SIDE", 8)


@pytest.fixture
def tiny_vae(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training of autoencoders with tiny networks, judged on few pictures."""
    make = {"pictures": lambda: SpatialVAE(MAPS), "portraits": lambda: VectorVAE(VECTORS)}
    kinds = {name: dataclasses.replace(kind, make=make[name]) for name, kind in train_vae.KINDS.items()}
    for module in (train_vae, export_vae):
        monkeypatch.setattr(module, "KINDS", kinds)
    monkeypatch.setattr(export_vae, "SIDE", 8)
    monkeypatch.setattr(train_vae, "JUDGED", 33)
    monkeypatch.setattr(vae_adversary, "DRAWN", 64)
    monkeypatch.setattr(vae_adversary, "PatchDiscriminator", lambda: PatchDiscriminator(8))
    monkeypatch.setattr(vae_adversary, "FeatureDiscriminator", lambda: FeatureDiscriminator(LAYERS, 4, 1))
