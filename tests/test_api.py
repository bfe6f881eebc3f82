"""The endpoints of the running page, called as strangers call them: with gradio_client and with plain HTTP."""

import json
import shutil
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from answers import begin, call, connect, refused, same
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from running_page import Page, serve, until

from deepart import images, load_image, settings
from deepart.ui.inputs import EXAMPLES
from deepart.ui.upkeep import sweep

CONTENT, STYLE = EXAMPLES / "content" / "cat.jpg", EXAMPLES / "style" / "woodcut.webp"
OTHER = EXAMPLES / "paintings" / "hokusai-great-wave.jpg"


def order(**changes: Any) -> dict[str, Any]:
    pictures = {"content": handle_file(str(CONTENT)), "style": handle_file(str(STYLE))}
    return {**pictures, "size": 48, "model": "fine", "steps": 3, **changes, "api_name": "/stylize"}


def sheet_order(**changes: Any) -> dict[str, Any]:
    wanted = {"content": handle_file(str(CONTENT)), "styles": files(STYLE, OTHER), "size": 48}
    return {**wanted, **changes, "api_name": "/sheet"}


def files(*paths: Path) -> list[Any]:
    return [handle_file(str(path)) for path in paths]


def test_the_result_is_that_of_the_pipeline(page: Page, client: Client) -> None:
    path, made = client.predict(**order(seed=7, strength=0.8, style_scale=2.0, preserve_color=True))
    expected = page.fine.stylize(
        load_image(CONTENT), load_image(STYLE),
        size=48, steps=3, seed=7, strength=0.8, style_scale=2.0, preserve_color=True,
    )  # fmt: skip
    found = load_image(path)
    assert Path(path).suffix == ".png"
    assert same(found, expected)
    assert made == settings(expected) == settings(found)


def test_the_defaults_are_those_of_the_pipeline(page: Page, client: Client) -> None:
    path, made = client.predict(**order(model=None, steps=None))
    expected = page.fine.stylize(load_image(CONTENT), load_image(STYLE), size=48)
    assert same(load_image(path), expected)
    assert made == settings(expected)
    _, made = client.predict(**order())
    assert made == settings(page.fine.stylize(load_image(CONTENT), load_image(STYLE), size=48, steps=3))


def test_a_client_can_watch_the_steps(page: Page, client: Client) -> None:
    page.fine.hold(2)
    job = client.submit(**order())
    assert page.fine.held.wait(60)
    until(lambda: (None, {"step": 1, "steps": 3}) in job.outputs())  # it is held before step 2 is told
    assert not job.done()
    page.fine.release()
    assert job.result()[1]["steps"] == 3


def test_models(client: Client) -> None:
    found = client.predict(api_name="/models")
    styles = {model["name"]: (model["default"], model["here"]) for model in found if model["task"] == "style"}
    assert styles == {"fast": (False, True), "fine": (True, True), "fine-vgg19": (False, False)}
    taesd = next(model for model in found if model["name"] == "taesd")
    assert (taesd["repo_id"], taesd["size"], taesd["licence"]) == ("madebyollin/taesd", 9793292, "MIT")
    assert client.predict("style", api_name="/models") == [model for model in found if model["task"] == "style"]
    with pytest.raises(AppError, match=r"^The task is 'music'; it must be one of .*\.$"):
        client.predict("music", api_name="/models")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weights": [1, 2]}, "There are 2 weights for 1 style pictures"),
        ({"weights": "much"}, "The weight is 'much'; it must be a number"),
        ({"size": 2049}, "The size is 2049; it must be a whole number of pixels from 16 to 2048"),
        ({"size": 4097, "model": "fast", "steps": None}, "The size is 4097; .* from 16 to 4096"),
        ({"model": "fast"}, "The model 'fast' paints in one pass and has no steps"),
        ({"model": "nope"}, "There is no style model 'nope'"),
        ({"model": ["fine"]}, r"The model is \['fine'\]; it must be a name"),
        ({"content": None}, "There is no content picture yet"),
        ({"style": None}, "There is no style picture yet"),
        ({"content": "a picture of a cat"}, "The picture is not an uploaded file"),
        ({"style": handle_file("https://example.com/picture.png")}, "The picture is a web address"),
    ],
    ids=str,
)
def test_a_mistake_gets_one_sentence(client: Client, changes: dict[str, Any], sentence: str) -> None:
    refused(lambda: client.predict(**order(**changes)), sentence)


def test_a_file_that_is_no_good_picture(client: Client, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no picture at all\n")
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    for name, sentence in (("note.txt", "The file is text"), ("small.png", "The picture is 8x8 pixels")):
        with pytest.raises(AppError, match=f"^The second style picture cannot be used. .*{sentence}"):
            client.predict(**order(style_2=handle_file(str(tmp_path / name))))


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", "/gone.png"])
def test_a_path_that_was_not_uploaded_is_one_sentence(page: Page, path: str) -> None:
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    told = call(page, [file, file, None, None, None, 1.0, False, 1.0, 48, 0, None, 3, None, None, False])
    assert "A file was not uploaded here; upload it first, in Python with handle_file(path)." in told


def test_what_a_call_leaves_out_at_the_end_is_the_default(page: Page) -> None:
    file = file_at(upload(page, "cat.jpg", CONTENT.read_bytes()))
    told = call(page, [file, file, None, None, None, 1.0, False, 1.0, 48, 0, None, 3])
    assert '"steps": 3' in told
    assert '"error"' not in told
    assert "style picture" in call(page, [file])


def test_the_transparency_is_kept_when_asked(page: Page, client: Client, tmp_path: Path) -> None:
    shape = load_image(CONTENT).resize((64, 48))
    shape.putalpha(Image.linear_gradient("L").resize(shape.size))
    shape.save(tmp_path / "shape.png")
    content = handle_file(str(tmp_path / "shape.png"))
    path, made = client.predict(**order(content=content, keep_alpha=True))
    expected = page.fine.stylize(shape, load_image(STYLE), size=48, steps=3, keep_alpha=True)
    with Image.open(path) as found:
        assert (found.mode, found.tobytes()) == ("RGBA", expected.tobytes())
    assert made["keep_alpha"] is True


@pytest.mark.parametrize("endpoint", ["/stylize", "/reconstruct"])
def test_the_camera_and_the_dpi_of_a_photograph_are_kept(client: Client, tmp_path: Path, endpoint: str) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Camera"
    load_image(CONTENT).resize((48, 32)).save(tmp_path / "photo.jpg", exif=exif, dpi=(240, 240))

    def result(photo: Path) -> Image.Image:
        given = handle_file(str(photo))
        asked = order(content=given) if endpoint == "/stylize" else {"image": given, "api_name": endpoint}
        return load_image(client.predict(**asked)[0])

    assert result(tmp_path / "photo.jpg").info["dpi"] == pytest.approx((240, 240), abs=0.1)
    assert b"Camera" in result(tmp_path / "photo.jpg").info["exif"]
    assert result(CONTENT).info["dpi"] == pytest.approx((300, 300), abs=0.1)  # for print, where nobody says


def test_what_an_upload_is_stands_in_the_description(page: Page) -> None:
    with urllib.request.urlopen(f"{page.url}/gradio_api/info") as answer:
        endpoints = json.load(answer)["named_endpoints"]
    [content, *_] = endpoints["/stylize"]["parameters"]
    assert "GradioModel" not in json.dumps(endpoints)  # what Gradio says of its own files
    assert "A picture file that was uploaded; in Python handle_file(path)." in json.dumps(content)


def test_the_sheet_is_that_of_the_pipeline(page: Page, client: Client) -> None:
    shown, made = client.predict(**sheet_order(seed=7, strength=0.8, style_scale=2.0, preserve_color=True))
    expected = page.fast.sheet(
        load_image(CONTENT), [load_image(STYLE), load_image(OTHER)],
        size=48, seed=7, strength=0.8, style_scale=2.0, preserve_color=True,
    )  # fmt: skip
    found = [load_image(entry["image"]) for entry in shown]
    assert [entry["caption"] for entry in shown] == [STYLE.name, OTHER.name]
    assert all(same(*pair) for pair in zip(found, expected, strict=True))
    assert made == [settings(picture) for picture in expected] == [settings(picture) for picture in found]
    names = [Path(entry["image"]).name for entry in shown]
    assert names == ["woodcut-cat-48-seed-7.png", "hokusai-great-wave-cat-48-seed-7.png"]


@pytest.mark.parametrize("quality", ["fast", "fine"])
def test_a_quality_is_the_model_of_its_name(page: Page, client: Client, quality: str) -> None:
    _, made = client.predict(**order(model=None, steps=None, quality=quality))
    assert made["model"] == quality
    with pytest.raises(AppError, match="There is a model and a quality; give one of them"):
        client.predict(**order(quality=quality))
    with pytest.raises(AppError, match="The quality is 'best'; it must be 'fast' or 'fine'"):
        client.predict(**order(model=None, quality="best"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"styles": files(STYLE) * 17}, "There are 17 style pictures; give one to 16"),
        ({"styles": None}, "There are 0 style pictures; give one to 16"),
        ({"styles": "many"}, "The pictures are no list of uploaded files"),
        ({"styles": [handle_file("https://example.com/picture.png")]}, "The picture is a web address"),
        ({"content": None}, "There is no content picture yet"),
        ({"size": 1025}, "The size is 1025; it must be a whole number of pixels from 16 to 1024"),
        ({"model": "fine"}, "The model 'fine' paints one picture at a time"),
        ({"model": "nope"}, "There is no style model 'nope'"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_with_a_sheet_gets_one_sentence(client: Client, changes: dict[str, Any], sentence: str) -> None:
    refused(lambda: client.predict(**sheet_order(**changes)), sentence)


def upload(page: Page, name: str, content: bytes) -> str:
    """Upload a file with plain HTTP and return where the page put it."""
    head = f'--b\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with urllib.request.urlopen(urllib.request.Request(f"{page.url}/gradio_api/upload", body, headers)) as answer:
        return str(json.load(answer)[0])


def file_at(path: str | Path) -> dict[str, Any]:
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}


def test_numbers_that_are_none(page: Page) -> None:
    """Python's client refuses to send these; others do not."""
    paths = [file_at(upload(page, path.name, path.read_bytes())) for path in (CONTENT, STYLE)]
    rest = [None, None, None, float("nan"), False, 1.0, 48, 0, "fine", 3, None, None, False]
    assert "The strength is nan; it must be a number from 0 to 1." in call(page, [*paths, *rest])
    rest[3:5] = [1.0, False]
    rest[-3] = float("inf")
    assert "The style_weight is inf; it must be a number" in call(page, [*paths, *rest])


def test_files_of_the_server_stay_closed(page: Page, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (64, 64), "red").save(secret)
    style = file_at(upload(page, STYLE.name, STYLE.read_bytes()))
    for content in (file_at(secret), {"path": str(secret)}, file_at(f"{page.files}/../{tmp_path.name}/secret.png")):
        answer = call(page, [content, style, None, None, None, 1.0, False, 1.0, 48, 0, "fine", 3, None, None, False])
        assert "event: error" in answer
        assert "secret" not in answer
        for pictures in ([file_at(CONTENT), [content]], [content, [style]]):
            answer = call(page, [*pictures, 1.0, False, 1.0, 48, 0, None], "sheet")
            assert "event: error" in answer
            assert "secret" not in answer


def test_an_upload_has_a_limit(page: Page) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        upload(page, "large.png", bytes(40 * 2**20 + 1))
    caught.value.close()
    assert caught.value.code == 413


def test_files_are_kept_where_they_are_deleted_after_a_day(page: Page, client: Client, tmp_path: Path) -> None:
    client.predict(**order())
    assert list(page.files.glob("*/woodcut-cat-48.png"))
    copy = shutil.copytree(page.files, tmp_path / "copy")
    assert sweep(copy, now=time.time() + 86300) > 0
    assert sweep(copy, now=time.time() + 86500) == 0


def test_nothing_is_kept_of_clients_that_called_a_while_ago(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepart.ui.api.FORGOTTEN", 0.0)
    kept = []
    for number in range(4):
        other = connect(page, tmp_path / str(number))
        other.predict(api_name="/models")
        other.close()
        kept.append(len(page.blocks.state_holder.session_data))
    assert kept[-1] <= kept[0]
    assert page.blocks.state_holder.capacity == 200  # visitors


def test_two_clients_take_turns(page: Page, tmp_path: Path) -> None:
    first, second = connect(page, tmp_path / "1"), connect(page, tmp_path / "2")
    page.fine.hold(2)
    jobs = [first.submit(**order(seed=1)), second.submit(**order(seed=2))]
    assert page.fine.held.wait(60)
    assert page.fine.running == 1
    page.fine.release()
    assert [job.result()[1]["seed"] for job in jobs] == [1, 2]
    assert page.fine.most_at_once == 1
    first.close()
    second.close()


@pytest.mark.parametrize("door", ["/stylize", "My results", "Cut it to size"])
def test_uploads_are_decoded_one_at_a_time(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    inside = list[int]()  # how many were at it, whenever one began
    lock, decode, now = threading.Lock(), images.decode, [0]

    def watched(*inputs: Any) -> Image.Image:
        with lock:
            now[0] += 1
            inside.append(now[0])
        try:
            time.sleep(0.1)
            return decode(*inputs)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(images, "decode", watched)
    events = {getattr(fn.fn, "__qualname__", ""): fn.fn for fn in page.blocks.fns.values()}
    doors = {
        "/stylize": lambda mine, who: connect(page, tmp_path).predict(**order(content=handle_file(mine))),
        "My results": lambda mine, who: events["MyResults._open"](mine, who),
        "Cut it to size": lambda mine, who: events["Crop._use"](mine, "Square", mine, who),
    }
    photographs = [str(tmp_path / f"{name}.png") for name in "abcd"]
    for number, path in enumerate(photographs):
        images.save_png(page.landscapes.generate(seed=number)[0], path)
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(doors[door], photographs, [SimpleNamespace(session_hash=name) for name in "abcd"]))
    assert len(inside) >= 4
    assert max(inside) == 1


def test_cancelled_work_stops(page: Page, client: Client) -> None:
    page.fine.hold(2)
    job = client.submit(**order(steps=1000))
    assert page.fine.held.wait(60)
    job.cancel()
    nothing_but_one_step_is_done(page, client)


def test_work_stops_when_nobody_waits(page: Page, client: Client) -> None:
    paths = [file_at(upload(page, path.name, path.read_bytes())) for path in (CONTENT, STYLE)]
    page.fine.hold(2)
    stream = begin(page, [*paths, None, None, None, 1.0, False, 1.0, 48, 0, "fine", 1000, None, None, False])
    assert page.fine.held.wait(60)
    stream.close()
    nothing_but_one_step_is_done(page, client)


def nothing_but_one_step_is_done(page: Page, client: Client) -> None:
    """Check that work held at its second step does not go on, and that the place is free for the next."""
    until(lambda: not page.jobs._running)
    assert page.fine.running == 1  # its step is not done yet
    page.fine.release()
    client.predict(**order(steps=4))
    assert page.fine.steps == [1, 2, 1, 2, 3, 4]
    assert page.fine.most_at_once == 1


def test_a_full_queue_refuses_more(tmp_path: Path) -> None:
    with serve(tmp_path / "files", "--max-queue", "1") as page:
        clients = [connect(page, tmp_path / name) for name in "123"]
        page.fine.hold(1)
        running = clients[0].submit(**order(seed=1))
        assert page.fine.held.wait(60)
        waiting = clients[1].submit(**order(seed=2))
        until(lambda: page.jobs.waiting == 1)
        with pytest.raises(AppError, match="The queue is full, with 1 waiting"):
            clients[2].predict(**order(seed=3))
        page.fine.release()
        assert [running.result()[1]["seed"], waiting.result()[1]["seed"]] == [1, 2]
        for client in clients:
            client.close()


ENDPOINTS = {
    "/models": ["task"],
    "/stylize": [
        "content", "style", "style_2", "style_3", "weights", "strength", "preserve_color", "style_scale", "size",
        "seed", "model", "steps", "style_weight", "quality", "keep_alpha",
    ],
    "/sheet": ["content", "styles", "strength", "preserve_color", "style_scale", "size", "seed", "model"],
    "/generate": ["n", "seed", "truncation", "directions", "model", "latent"],
    "/walk": ["seeds", "frames", "loop", "truncation", "directions", "model", "format"],
    "/mix": ["coarse", "fine", "truncation", "directions", "model"],
    "/breed": ["seeds", "n", "mutation", "seed", "truncation", "model"],
    "/paint": ["image", "manner", "size", "quality", "seed", "strength"],
    "/project": ["image", "steps", "seed", "model"],
    "/reconstruct": ["image", "latent", "directions", "model"],
    "/vary": ["image", "strength", "n", "seed", "latent", "model"],
    "/morph": ["image", "other", "steps", "path", "model", "format"],
    "/sample": ["n", "seed", "temperature", "model"],
}  # fmt: skip


def test_the_endpoints_say_what_they_take(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    found = {name: [one["parameter_name"] for one in entry["parameters"]] for name, entry in named.items()}
    assert found == ENDPOINTS  # and nothing of what the page does for itself
    labels = {one["label"] for entry in named.values() for one in entry["parameters"]}
    assert {"Strength: 0 to 1", "Number of pictures: 1 to 64"} <= labels
    assert not [label for label in labels if label.startswith(("parameter_", "API"))]
