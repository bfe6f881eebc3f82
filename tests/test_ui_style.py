"""The tab "Style transfer" without a browser: what it opens with, the pairs, its words in both languages."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.components.image_editor import EditorData, EditorDataBlobs
from gradio.data_classes import FileData
from PIL import Image, ImageChops
from running_page import Request, TinyStudio

from deepart import StyleTransferPipeline, images, load_image, settings
from deepart.cache import Studio
from deepart.ui.examples import FIRST_SIZE, PAIRS
from deepart.ui.finished import first_files
from deepart.ui.jobs import Jobs, Step
from deepart.ui.style import StyleTab
from deepart.ui.style_work import STYLIZE, StyleRequests
from recipes import first_style


def lay(studio: Studio) -> StyleTab:
    with gr.Blocks() as app:
        return StyleTab(app, studio, Jobs())


def shown(box: gr.Image) -> str:
    return Path(box.value["path"]).stem


def test_without_its_model_there_is_no_example(tiny_studio: TinyStudio) -> None:
    tab = lay(tiny_studio)
    assert first_files(tiny_studio, "style") == []
    assert (shown(tab.content), shown(tab.style)) == ("cat", "stained-glass")
    assert (tab.strength.value, tab.scale.value, tab.size.value) == (1.0, 1.0, 512)
    assert (tab.slider.value, tab.slider.visible, tab.result.value) == (None, False, None)
    assert tab.download.interactive is False
    assert tab.facts.value == '<p class="da-facts" role="status"></p>'


def test_the_example_is_what_the_model_paints_with_the_settings_on_the_page() -> None:
    kept = load_image(first_style.FOLDER / f"{PAIRS[0].content}-{PAIRS[0].style}.png")
    made = first_style.painted(StyleTransferPipeline.from_pretrained(device="cpu"))
    # As far as strokes go: which of them a correction takes up is a matter of the processor's rounding.
    seen = [np.asarray(image.resize((48, 48), Image.Resampling.BOX), np.float32) for image in (made, kept)]
    assert np.abs(seen[0] - seen[1]).mean() < 4
    assert settings(kept) == settings(made)
    assert max(kept.size) == FIRST_SIZE


def test_the_settings_of_an_address_are_those_of_a_painting(tiny_studio: TinyStudio) -> None:
    tab = lay(tiny_studio)
    assert list(tab.linked) == [
        "model", "strength", "strokes", "size", "keep-colours", "seed", "steps", "style-weight", "weight-1", "weight-2",
        "weight-3",
    ]  # fmt: skip
    assert len(set(tab.linked.values())) == 11
    assert not any(isinstance(part, gr.Image) for part in tab.linked.values())
    settled = tab._settle("fine", 640)
    assert (settled[tab.size].value, settled[tab.size].maximum, settled[tab._wished]) == (640, 2048, 640)
    assert settled[tab.corrected].visible
    untouched = tab._settle("fine", 512)  # as the page opens
    assert (untouched[tab.size].value, untouched[tab._wished]) == (512, None)


def test_a_quick_model_has_the_first_look_which_stays_until_something_as_large_comes(tiny_studio: TinyStudio) -> None:
    requests, content, style = StyleRequests(tiny_studio), *map(str, PAIRS[1].files)
    options = {name: STYLIZE[name] for name in ("strength", "preserve_color", "style_scale", "seed")}
    options |= {"size": 384, "steps": 10, "style_weight": None}
    transfer = requests.transfer(content, (style, None, None), model="fine", first_look="fast", **options)
    seen: list[tuple[int, Image.Image]] = []
    made = transfer.work(lambda step, total, preview: seen.append((step, preview)) if preview else None)
    quick = tiny_studio.style("fast").stylize(load_image(content), load_image(style), size=384)
    assert seen[0][0] == 0
    assert ImageChops.difference(seen[0][1], quick).getbbox() is None
    assert len(seen) > 1
    assert {preview.size for _, preview in seen} == {made.size}
    assert transfer.stopped(Step(preview=seen[0][1])) is seen[0][1]
    kept = transfer.stopped(Step(preview=seen[1][1], preview_step=seen[1][0]))
    assert kept is not None
    assert (settings(kept) or {})["stopped_at"] == seen[1][0]
    transfer.content.info["dpi"] = (240.0, 240.0)
    assert getattr(transfer.stopped(Step(preview=seen[1][1])), "info", {})["dpi"] == (240, 240)
    alone: list[Image.Image] = []
    plain = requests.transfer(content, (style, None, None), model="fine", **options)
    again = plain.work(lambda step, total, preview: alone.append(preview) if preview else None)
    assert ImageChops.difference(again, made).getbbox() is None  # the look changes nothing of the painting
    coarse = min(alone, key=lambda preview: preview.width)
    assert coarse.width < made.width  # and the coarse previews are what is left out
    whole = plain.stopped(Step(preview=coarse, preview_step=1))
    assert whole is not None
    assert whole.size == made.size  # enlarged, and its settings say when it was stopped
    assert (settings(whole) or {})["stopped_at"] == 1


def test_the_wall_keeps_no_previews_that_were_stopped_half_way(
    tiny_studio: TinyStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, photograph, visitor = lay(tiny_studio), str(PAIRS[0].files[0]), Request()
    sheet, begun = tab.requests.sheet, list[int]()

    def stopped_in_the_second(*arguments: Any, **options: Any) -> Any:
        begun.append(1)
        if len(begun) == 2:
            tab._jobs.stop(visitor)  # type: ignore[arg-type]
        return sheet(*arguments, **options)

    monkeypatch.setattr(tab.requests, "sheet", stopped_in_the_second)
    seen = [[*tab.wall._look(photograph, visitor)][-1].count("--preview-") for _ in range(3)]  # type: ignore[arg-type]
    assert seen == [4, 12, 12]
    assert len(begun) == 2 + 3  # the third visitor had what the second saw


def test_an_upload_is_decoded_once(tiny_studio: TinyStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tab, size, decoded, decode = lay(tiny_studio), (97, 65), list[Any](), images.decode
    monkeypatch.setattr(images, "decode", lambda file, most: decoded.append(decode(file, most)) or decoded[-1])
    path, style = str(tmp_path / "mine.png"), str(PAIRS[0].files[1])

    def use() -> None:
        Image.effect_noise(size, 90).save(path)
        for _ in tab.wall._look(path, Request()):  # type: ignore[arg-type]
            pass
        options = {name: STYLIZE[name] for name in ("strength", "preserve_color", "style_scale", "seed")}
        for _ in range(2):
            made = tab.requests.transfer(path, (style, None, None), model="fast", size=32, **options)
            made.work(lambda *_: None)
            assert made.content.getpixel((0, 0)) != (255, 0, 0)  # each has a picture of its own
            made.content.paste("red", (0, 0, 9, 9))

    use()
    assert [one.size for one in decoded].count(size) == 1
    use()  # another file under the same name
    assert [one.size for one in decoded].count(size) == 2


def test_what_the_editor_has_cut_by_hand_is_used_once(tiny_studio: TinyStudio) -> None:
    crop, photograph = lay(tiny_studio).crop, str(PAIRS[0].files[0])
    who: Any = SimpleNamespace(session_hash="a")
    packed = io.BytesIO()
    load_image(photograph).crop((10, 20, 100, 140)).save(packed, "PNG")
    sent = EditorDataBlobs(background=None, layers=[], composite=packed.getvalue())
    crop.editor.blob_storage["cut"] = sent
    shown = crop.editor.preprocess(EditorData(id="cut"))
    for aspect, size in (("As it is", (90, 120)), ("Square", (90, 90))):
        used = load_image(crop._use(shown, aspect, photograph, who))
        assert used.size == size
    assert Path(crop._use(shown, "As it is", photograph, who)).stem.startswith(PAIRS[0].content)
    with pytest.raises(gr.Error, match="no picture to cut"):
        crop._use(crop.editor.preprocess(EditorData(id="cut")), "As it is", photograph, who)
    # A file that is not the page's own is none, and so is an editor that shows nothing.
    foreign = EditorData(background=FileData(path=__file__))
    assert [crop.editor.preprocess(one) for one in (foreign, None)] == [None, None]
