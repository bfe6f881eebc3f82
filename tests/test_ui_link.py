"""Links that open a tab with its settings: what an address can set, and what it cannot."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image, ImageChops
from running_page import TinyStudio

from deepart.errors import OptionError
from deepart.images import settings
from deepart.ui import build_app
from deepart.ui.page import Link, browser_secret, settings_in
from deepart.ui.remake import Remake, packed, unpacked
from deepart.ui.shelf import is_ours, thumbnail
from deepart.ui.style_work import StyleRequests
from deepart.ui.work import GANRequests, VAERequests


@pytest.fixture
def parts() -> dict[str, Any]:
    with gr.Blocks():
        return {
            "strength": gr.Slider(0, 1, 1, step=0.05),
            "seed": gr.Number(0, precision=0, minimum=0, maximum=2**32 - 1),
            "walk-seed": gr.Number(0, precision=0),
            "keep": gr.Checkbox(False),
            "model": gr.Radio([("Fast", "fast"), ("Fine", "fine")], value="fast"),
            "seeds": gr.Textbox("1, 2", max_length=20),
        }


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("strength", "0.35", 0.35), ("strength", "1", 1), ("seed", "4294967295", 4294967295), ("seed", "7.0", 7),
        ("keep", "true", True), ("keep", "false", False), ("model", "fine", "fine"), ("seeds", "3, 4", "3, 4"),
    ],
)  # fmt: skip
def test_a_control_takes_what_it_can_hold(parts: dict[str, Any], name: str, words: str, value: Any) -> None:
    assert settings_in({"tab": "style", name: words}, parts) == {parts[name]: value}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("strength", "2"), ("strength", "-1"), ("strength", "nan"), ("strength", "inf"), ("strength", "much"),
        ("seed", "-1"), ("seed", "1e99"), ("seed", ""), ("walk-seed", "-4"),
         ("keep", "yes"), ("model", "../../etc"), ("model", ""),
        ("seeds", "x" * 21), ("other", "1"),
    ],
)  # fmt: skip
def test_what_it_cannot_hold_is_left_as_it_was(parts: dict[str, Any], name: str, words: str) -> None:
    assert settings_in({name: words, "strength-2": "1"}, parts) == {}


def test_no_tab_links_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []

    class Listening(Link):
        def __init__(self, tab: str, linked: Any, started: Any = None) -> None:
            found.append((tab, linked))
            super().__init__(tab, linked, started)

    monkeypatch.setattr("deepart.ui.Link", Listening)
    build_app(TinyStudio())
    assert [tab for tab, _ in found] == ["style", "generate", "reconstruct"]
    for _, linked in found:
        assert linked
        for part in linked.values():
            assert isinstance(part, gr.Slider | gr.Number | gr.Checkbox | gr.Radio | gr.Dropdown | gr.Textbox)


@pytest.fixture
def remake(tiny_studio: TinyStudio) -> Remake:
    return Remake(StyleRequests(tiny_studio), GANRequests(tiny_studio), None, VAERequests(tiny_studio))


def test_what_needs_no_upload_is_made_again_from_a_link(remake: Remake, tiny_studio: TinyStudio) -> None:
    gan, faces, red = tiny_studio.gan("portraits"), tiny_studio.vae("portraits"), Image.new("RGB", (40, 32), "red")
    pictures = [
        gan.generate(seed=7, truncation=0.5, directions={"hair": 1.5})[0], gan.mix(3, 17),
        gan.breed([3, 17], 2, mutation=0.4, seed=1)[1], faces.sample(1, seed=5)[0], faces.vary(red, n=1, seed=2)[0],
        faces.reconstruct(red),
    ]  # fmt: skip
    for picture in pictures:
        made = unpacked(packed(settings(picture) or {})) or {}
        assert remake.can(made)
        again = remake.work(made)(lambda *_: None)
        assert ImageChops.difference(again, picture).getbbox() is None
        assert settings(again) == settings(picture)
        with pytest.raises(OptionError, match="version"):
            remake.work(made | {"version": "0" * 12})(lambda *_: None)


@pytest.mark.parametrize(
    "made",
    [
        {}, {"task": "gan"}, {"task": ["gan"], "model": []}, {"task": "gan", "model": "portraits", "view": "strip"},
        {"task": "vae", "model": "pictures", "size": [64, 64]}, {"painted_from": 3, "manner": {}, "task": "style"},
        *({"task": "style", "model": "fine", "from": one} for one in ([None, "marbling"], "cat", ["cat", "../cat"])),
        {"task": "features", "model": "slim"},
    ],
)  # fmt: skip
def test_what_needs_an_upload_or_is_nonsense_is_not_made_again(remake: Remake, made: dict[str, Any]) -> None:
    assert not remake.can(made)
    with pytest.raises(OptionError, match="cannot be made again from its settings alone"):
        remake.work(made)(lambda *_: None)


@pytest.mark.parametrize("words", ["", "?", "eJw", packed({"a": "x" * 10**6}), base64.b64encode(zlib.compress(b"[1]"))])
def test_an_address_with_no_settings_has_none(words: str) -> None:
    assert unpacked(words if isinstance(words, str) else words.decode()) is None


def test_the_key_of_what_browsers_keep_outlives_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "cache"))
    first = browser_secret()
    assert browser_secret() == first
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["secret"]
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "file"))
    assert len(browser_secret()) >= 32


def test_a_thumbnail_is_small_and_a_kept_path_leads_to_nothing_else(tmp_path: Path) -> None:
    noise = Image.effect_noise((900, 900), 120).convert("RGB")
    assert 0 < len(thumbnail(noise)) <= 10_000
    inside, outside = tmp_path / "cache" / "a.png", tmp_path / "b.png"
    inside.parent.mkdir()
    for path in (inside, outside):
        path.touch()
    known = {
        str(inside): True,
        str(outside): False,
        f"{inside.parent}/../b.png": False,
        f"{inside}0": False,
        "a\0": False,
    }
    assert {path: is_ours(path, str(inside.parent)) for path in known} == known
