"""Links that open a tab with its settings: what an address can set, and what it cannot."""

import base64
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
import pytest
from PIL import Image, ImageChops
from running_page import TinyStudio

from deepart.errors import OptionError
from deepart.images import load_image, settings
from deepart.pipelines.large import paint_large
from deepart.ui import build_app
from deepart.ui.inputs import EXAMPLES
from deepart.ui.page import Link, browser_secret, settings_in
from deepart.ui.remake import Remake, asked, packed, unpacked
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


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> dict[str, Link]:
    """The links of the page by the tabs that they are under."""
    found: dict[str, Link] = {}

    class Listening(Link):
        def __init__(self, tab: str, *parts: Any) -> None:
            super().__init__(tab, *parts)
            found[tab] = self

    monkeypatch.setattr("deepart.ui.Link", Listening)
    build_app(TinyStudio())
    return found


def test_a_link_names_examples_and_holds_no_picture(links: dict[str, Link], tmp_path: Path) -> None:
    assert list(links) == ["style", "generate", "reconstruct"]
    mine = tmp_path / "cat.jpg"
    Image.new("RGB", (32, 32)).save(mine)
    for link in links.values():
        assert link.linked
        for part in link.linked.values():
            assert isinstance(part, gr.Slider | gr.Number | gr.Checkbox | gr.Radio | gr.Dropdown | gr.Textbox)
        values = [part.value for part in link.linked.values()]
        example, upload = str(EXAMPLES / "content" / "cat.jpg"), str(mine)
        for path, name in ((example, "cat"), (upload, "own"), (None, "own")):
            said = parse_qs(link._query(*values, *[path] * len(link.pictures)), keep_blank_values=True)
            assert said["tab"] == [link.tab]
            assert {said[one][0] for one in link.pictures} <= {name, ""}
            assert ("make" in said) == (name == "cat")  # what a link cannot show is not begun
            shown = dict.fromkeys(link.pictures.values(), "before")
            changes = link.changes({one: words for one, [words] in said.items()}, shown)
            first = changes[next(iter(link.pictures.values()))]
            assert first == (example if name == "cat" else "before")
        assert link.changes({}, shown) == shown  # an address that names none leaves them


def test_the_settings_of_every_kind_of_result_come_back(links: dict[str, Link], tiny_studio: TinyStudio) -> None:
    gan, faces = tiny_studio.gan("portraits"), tiny_studio.vae("portraits")
    style, cat, manner = (
        load_image(EXAMPLES / name)
        for name in ("style/woodcut.webp", "content/cat.jpg", "paintings/renoir-moulin-de-la-galette.jpg")
    )
    small = gan.generate(seed=7, truncation=0.5)[0]
    fast = tiny_studio.style("fast")
    painted = fast.stylize(cat, [style, style], weights=[0.25, 1.0], size=128, seed=4, strength=0.5)
    named = (settings(painted) or {}) | {"from": ["cat", "woodcut", None]}
    cases: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
        (named, "style", {
            "content": "cat", "style": "woodcut", "style-2": "own", "style-3": "", "weight-1": "0.2", "weight-2": "0.8",
            "strength": "0.5", "seed": "4", "size": "128", "model": "fast",
        }),
        (settings(small) or {}, "generate", {"seed": "7", "truncation": "0.5", "painted": "false"}),
        (settings(gan.breed([3, 17], 1, mutation=0.4, seed=1)[0]) or {}, "generate", {"mutation": "0.4"}),
        (
            settings(paint_large(small, manner, size=512, quality="fast", load=lambda _: fast)) or {}, "generate",
            {"manner": "renoir-moulin-de-la-galette", "painted": "true", "size": "512", "seed": "7"},
        ),
        (settings(faces.sample(1, seed=5, temperature=0.5)[0]) or {}, "reconstruct",
         {"tools": "tool=Sample&temperature=0.5&samples=1&sample-seed=5"}),
        ((settings(faces.vary(cat, 2.0, n=1, seed=3)[0]) or {}) | {"from": ["cat"]}, "reconstruct",
         {"picture": "cat", "tools": "tool=Vary&strength=2.0&variations=1&seed=3"}),
        (settings(faces.edit(cat, {"hair": 1.5})) or {}, "reconstruct",
         {"picture": "own", "tools": "tool=Change&hair=1.5"}),
    ]  # fmt: skip
    for made, tab, expected in cases:
        found, values = asked(made)
        assert found == tab
        assert {name: values.get(name) for name in expected} == expected
        held = set(links[tab].changes(values, dict.fromkeys(links[tab].pictures.values())))
        assert {links[tab].linked[name] for name in expected if name in links[tab].linked} <= held
    assert "seed" not in asked(cases[2][0])[1]  # a child has the seed of its litter
    assert not {"picture", "manner"} & set(asked(cases[1][0])[1]) | set(asked(cases[4][0])[1]) & {"picture"}


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
