"""The command line: options as the methods have them, exit status, going on, and what it prints."""

import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from running_page import TinyGAN, TinyStyle, TinyVAE, tiny_fast, tiny_fine, tiny_landscapes, tiny_pictures_vae, until

from deepart import GANPipeline, StyleTransferPipeline, VAEPipeline, load_image, paint_large, settings
from deepart.cli import jobs, main, parser
from deepart.cli.options import given, options_of
from deepart.folder import whole
from deepart.registry import REGISTRY, TASKS, get_spec

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "deepart" / "ui" / "examples"
VERBS: dict[str, Callable[..., Any]] = {
    "stylize": StyleTransferPipeline.stylize, "generate": GANPipeline.generate, "reconstruct": VAEPipeline.reconstruct,
}  # fmt: skip
LEAST = {"stylize": ["x", "--style", "y", "--out", "z"], "generate": ["--out", "z"], "reconstruct": ["x", "--out", "z"]}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The three pipelines, tiny; what is loaded is one of these."""
    made: dict[str, Any] = {
        "fast": tiny_fast(), "fine": tiny_fine(), "landscapes": tiny_landscapes(), "pictures": tiny_pictures_vae()
    }  # fmt: skip
    for kind in (StyleTransferPipeline, GANPipeline, VAEPipeline):

        def load(name: str | None = None, device: Any = None, task: str = kind.task) -> Any:
            return made[get_spec(task, name).name]

        monkeypatch.setattr(kind, "from_pretrained", load)
    return made


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three photographs and a file that is none, in the middle; the folder around them is the working folder."""
    monkeypatch.chdir(tmp_path)
    load_image(EXAMPLES / "paintings" / "hokusai-great-wave.jpg").resize((96, 64)).save("painting.jpg")
    load_image(EXAMPLES / "style" / "woodcut.webp").resize((64, 64)).save("woodcut.webp")
    Path("photos/sub").mkdir(parents=True)
    for name, color in (("a.jpg", "teal"), ("c.png", "olive"), ("sub/d.webp", "navy")):
        Image.radial_gradient("L").resize((48, 32)).convert("RGB").point(lambda v: v // 2).save(f"photos/{name}")
        with Image.open(f"photos/{name}") as image:
            Image.blend(image.convert("RGB"), Image.new("RGB", image.size, color), 0.5).save(f"photos/{name}")
    Path("photos/b.jpg").write_bytes(b"\xff\xd8\xff cut short")
    return Path("photos")


def run(line: str) -> int:
    return main(shlex.split(line))


def times(folder: str) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(Path(folder).rglob("*")) if path.is_file()}


# ------------------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize("command", VERBS)
def test_options_and_defaults_are_those_of_the_method(command: str) -> None:
    verb = VERBS[command]
    options = parser().parse_args([command, *LEAST[command]])
    assert given(options, verb) == options_of(verb)
    assert not set(options_of(verb)) & set(vars(options)), "a default stands a second time"


def test_every_kind_of_option_is_read_as_the_method_takes_it() -> None:
    line = (
        "x --style y --out z --weights 2,1 --strength 1 --preserve-color --style-scale .5 --size 64 --seed 3 --steps 9 "
        "--style-layers relu1_1,relu2_1"
    )
    found = given(parser().parse_args(["stylize", *line.split()]), VERBS["stylize"])
    assert found == given(parser().parse_args(["stylize", *LEAST["stylize"]]), VERBS["stylize"]) | {
        "weights": [2.0, 1.0], "strength": 1.0, "preserve_color": True, "style_scale": 0.5, "size": 64, "seed": 3,
        "steps": 9, "style_layers": ["relu1_1", "relu2_1"],
    }  # fmt: skip
    line = ["generate", "--out", "z", "--direction", "light hair=2", "--direction", "sun=-1.5"]
    assert given(parser().parse_args(line), VERBS["generate"])["directions"] == {"light hair": 2.0, "sun": -1.5}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "required: COMMAND"),
        ("stylize photos --out out", "required: --style"),
        ("stylize photos --style painting.jpg --out out --weights 2,x", "no list of numbers"),
        ("generate --out out --direction trees", "no name and number"),
        ("generate --out out --format tiff", "invalid choice"),
        ("generate --out out --size 512", "in the manner of one painting; give --manner PICTURE, once"),
        ("generate --out out --manner painting.jpg --size 511", "The size is 511"),
        ("generate --out out --manner painting.jpg --quality best", "invalid choice"),
        ("stylize photos --style painting.jpg --out out --strength 2", "The strength is 2.0"),
        ("stylize photos --style painting.jpg --out out --size 9999", "The size is 9999"),
        ("stylize photos --style painting.jpg --out out --weights 2,1", "2 weights for 1 style pictures"),
        ("stylize photos --style painting.jpg --out out --model fast --steps 9", "has no steps"),
        ("stylize photos --style painting.jpg --out out --model fin", "did you mean 'fine'"),
        ("stylize photos --style painting.jpg --out out --keep-alpha --format jpeg", "has no transparency"),
        ("stylize photos --style nothing.jpg --out out", "There is no file 'nothing.jpg'"),
        ("stylize photos --style painting.jpg --out photos", "among the pictures"),
        ("stylize empty --style painting.jpg --out out", "There is no picture in 'empty'"),
        ("generate --n 0 --out out", "The number of pictures is 0"),
        ("generate --seed -1 --out out", "The seed is -1"),
        ("generate --truncation 9 --out out", "The truncation is 9.0"),
        ("generate --direction tree=1 --out out", "did you mean 'trees'"),
        ("reconstruct nothing --out out", "There is no file or folder 'nothing'"),
        ("reconstruct photos --out painting.jpg", "is a file"),
    ],
)
@pytest.mark.usefixtures("tiny", "photos")
def test_a_wrong_command_is_told_before_any_work(line: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    before = times(".")
    try:
        status: Any = run(line)
    except SystemExit as ended:
        status = ended.code
    assert status == 2
    told = capsys.readouterr()
    assert words in told.err
    assert "Traceback" not in told.err
    assert times(".") == before
    assert not Path("out").exists()


# ---------------------------------------------------------------------------------------------------------------- work


@pytest.mark.usefixtures("photos")
def test_a_bad_file_is_told_at_the_end_and_the_rest_is_done(
    tiny: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("stylize photos/ --style painting.jpg --out out --strength .7") == 1
    assert sorted(times("out")) == ["out/a.png", "out/c.png", "out/sub/d.png"]
    told = capsys.readouterr()
    assert told.out == "out: 3 made, 0 done before, 1 failed.\n"
    [line] = told.err.splitlines()
    assert line.startswith("photos/b.jpg: The JPEG file is damaged")
    fine: TinyStyle = tiny["fine"]
    painted = load_image("out/sub/d.png")
    expected = fine.stylize(load_image("photos/sub/d.webp"), load_image("painting.jpg"), strength=0.7)
    assert painted.tobytes() == expected.tobytes()
    stored = settings(painted) or {}
    assert stored.pop("order")
    assert stored == settings(expected)
    Path("photos/b.jpg").unlink()
    assert run("stylize photos/ --style painting.jpg --out out --strength .7") == 0
    assert capsys.readouterr().out == "out: 0 made, 3 done before, 0 failed.\n"


@pytest.mark.usefixtures("photos", "tiny")
def test_letters_that_the_output_lacks_end_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("photos/b.jpg").rename("photos/фото.jpg")
    Path("photos/слова.txt").write_text("no picture")
    streams = {
        name: io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True) for name in ("stdout", "stderr")
    }
    with monkeypatch.context() as patch:
        for name, stream in streams.items():
            patch.setattr(sys, name, stream)
        assert run("reconstruct photos --out работа") == 1
    told = {name: stream.buffer.getvalue().decode("cp1252") for name, stream in streams.items()}
    assert told["stdout"].endswith(": 3 made, 0 done before, 1 failed, 1 left out." + os.linesep)
    assert ".txt: The file is text, no picture." in told["stderr"]
    assert "\\u0444\\u043e\\u0442\\u043e.jpg: The JPEG file is damaged" in told["stderr"]


@pytest.mark.usefixtures("photos", "tiny")
def test_what_has_changed_is_made_anew_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/b.jpg").unlink()

    def counts(more: str = "") -> str:
        assert run(f"stylize photos --style painting.jpg --out out {more}") == 0
        return capsys.readouterr().out.removeprefix("out: ").removesuffix(", 0 failed.\n")

    assert counts() == "3 made, 0 done before"
    assert counts("--strength 1 --seed 0") == "0 made, 3 done before"  # the defaults, typed
    assert counts("--seed 1") == "3 made, 0 done before"
    assert counts("--style woodcut.webp") == "3 made, 0 done before"
    assert counts() == "3 made, 0 done before"
    shutil.copy("woodcut.webp", "painting.jpg")  # another picture of the same name
    assert counts() == "3 made, 0 done before"
    assert counts("--model fine --steps 2 --size 32") == "3 made, 0 done before"
    assert counts("--model fine --steps 2 --size 32") == "0 made, 3 done before"
    shutil.copy("photos/c.png", "photos/sub/d.webp")
    assert counts("--model fine --steps 2 --size 32") == "1 made, 2 done before"
    assert counts("--format webp") == "3 made, 0 done before"
    assert counts("--format webp") == "0 made, 3 done before"
    assert counts("--format webp --seed 4") == "3 made, 0 done before"


def test_generate_names_pictures_by_their_seeds(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    line = "generate --truncation .7 --direction trees=2 --direction warmth=-1 --out out"
    assert run(f"{line} --seed 5 --n 2") == 0
    assert list(times("out")) == ["out/seed-000005.png", "out/seed-000006.png"]
    gan: TinyGAN = tiny["landscapes"]
    [expected] = gan.generate(seed=6, truncation=0.7, directions={"trees": 2, "warmth": -1})
    made = load_image("out/seed-000006.png")
    assert made.tobytes() == expected.tobytes()
    assert gan.recipe(made).seed == 6  # still a picture that the model knows as its own
    assert run(f"{line} --seed 4 --n 3") == 0
    assert capsys.readouterr().out.endswith("out: 1 made, 2 done before, 0 failed.\n")


@pytest.mark.usefixtures("photos")
def test_generate_paints_large_in_the_manner_of_a_painting(tiny: dict[str, Any]) -> None:
    line = "generate --seed 5 --manner painting.jpg --size 512 --quality fast --out out"
    assert run(line) == 0
    expected = paint_large(
        tiny["landscapes"].generate(seed=5)[0], load_image("painting.jpg"), size=512, quality="fast",
        load=lambda _: tiny["fast"],
    )  # fmt: skip
    assert load_image("out/seed-000005.png").tobytes() == expected.tobytes()
    before = times("out")
    assert run(line) == 0
    assert times("out") == before
    assert run(line.replace("painting.jpg", "woodcut.webp")) == 0  # another painting: made anew
    assert times("out") != before


@pytest.mark.usefixtures("photos")
def test_reconstruct_gives_what_the_method_gives(tiny: dict[str, Any]) -> None:
    assert run("reconstruct photos/a.jpg photos/sub --out out") == 0
    assert list(times("out")) == ["out/a.png", "out/d.png"]
    vae: TinyVAE = tiny["pictures"]
    assert load_image("out/a.png").tobytes() == vae.reconstruct(load_image("photos/a.jpg")).tobytes()


@pytest.mark.usefixtures("photos", "tiny")
@pytest.mark.parametrize("command", ["reconstruct photos/a.jpg", "stylize photos/a.jpg --style painting.jpg"])
def test_where_a_photograph_was_taken_is_kept_when_asked(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    exif = Image.Exif()
    exif[0x0110], exif[0x8825] = "Camera", {1: "N", 2: (52.0, 31.0, 12.5)}
    load_image("photos/a.jpg").save("photos/a.jpg", exif=exif)
    for more, places in (("", {}), (" --keep-gps", {1: "N", 2: (52.0, 31.0, 12.5)})):
        assert run(f"{command} --out out{more}") == 0
        assert "1 made" in capsys.readouterr().out  # also over what was made without
        with Image.open("out/a.png") as made:
            assert (made.getexif()[0x0110], made.getexif().get_ifd(0x8825)) == ("Camera", places)


@pytest.mark.usefixtures("photos")
def test_ctrl_c_says_how_to_go_on(
    tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vae: TinyVAE = tiny["pictures"]
    made = vae.reconstruct
    calls: list[int] = []

    def stopped(photo: Image.Image) -> Image.Image:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return made(photo)

    monkeypatch.setattr(vae, "reconstruct", stopped)
    assert run("reconstruct photos --out out") == 130
    told = capsys.readouterr()
    assert told.out == "out: 1 made, 0 done before, 1 failed, 2 left.\n"
    assert told.err.endswith("Stopped; the same command goes on from here.\n")
    assert list(times("out")) == ["out/a.png"]
    assert run("reconstruct photos --out out") == 1
    assert capsys.readouterr().out == "out: 2 made, 1 done before, 1 failed.\n"


@pytest.mark.usefixtures("photos", "tiny")
def test_the_bar_counts_pictures_and_steps_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/b.jpg").unlink()
    assert run("stylize photos --style painting.jpg --model fine --steps 3 --out out --progress") == 0
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert re.search(r"d\.webp \d+/\d+", shown)
    assert run("reconstruct photos --out again") == 0
    assert capsys.readouterr().err == ""  # no terminal here


def test_a_download_is_shown_and_done_before_loading(
    tiny: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny["fastgan-shells"] = tiny["landscapes"]

    def fetch(spec: Any, progress: Callable[[int, int | None], object]) -> None:
        assert spec.name == "fastgan-shells"
        for arrived in (0, 500, 1000):
            progress(arrived, 1000)

    monkeypatch.setattr(jobs.registry, "fetch", fetch)
    assert run("generate --model fastgan-shells --out out --progress") == 0
    assert re.search(r"Downloading fastgan-shells: .*1\.00k", capsys.readouterr().err)


# -------------------------------------------------------------------------------------------------------------- models


def test_the_table_has_every_model_and_what_it_costs_to_get(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [tuple(line.split()[:2]) for line in lines[1:]] == [key for key in REGISTRY if key[0] in TASKS]
    assert next(line for line in lines if " fast " in line).endswith("here")
    assert run("models vae --json") == 0
    found = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert list(found) == [name for task, name in REGISTRY if task == "vae"]
    assert found["pictures"]["here"] is found["pictures"]["default"] is True
    taesd = REGISTRY["vae", "taesd"]
    assert found["taesd"]["download_bytes"] == (0 if taesd.here else taesd.size)
    assert found["sd-vae"]["needs"] == "diffusers"


# ------------------------------------------------------------------------------------------------------- for real


def start(line: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "deepart", *shlex.split(line)], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_killed_in_the_middle_the_same_command_goes_on(tmp_path: Path, photos: Path) -> None:
    for number in range(12):  # each another picture, so that each has to be painted
        with Image.open(EXAMPLES / "content" / "cat.jpg") as image:
            image.rotate(number).resize((256, 256)).save(photos / f"cat-{number:02d}.jpg")
    line = "stylize photos --style painting.jpg --out out"
    first = start(line, tmp_path)
    until(lambda: len(list(Path("out").glob("cat-*.png"))) >= 2 or first.poll() is not None)
    first.kill()
    assert first.wait(60) == -signal.SIGKILL
    first.communicate()
    before = {path: time for path, time in times("out").items() if path.endswith(".png")}
    assert 2 <= len(before) < 15
    assert all(whole(Path(path)) for path in before)
    second = start(line, tmp_path)
    told, errors = second.communicate(timeout=300)
    assert second.returncode == 1
    assert told == f"out: {15 - len(before)} made, {len(before)} done before, 1 failed.\n"
    assert errors.startswith("photos/b.jpg: ")
    after = times("out")
    assert {path: after[path] for path in before} == before
    assert sum(path.endswith(".png") for path in after) == 15


def test_the_door_opens_without_the_page() -> None:
    code = "import sys, deepart.cli; print([name for name in ('gradio', 'huggingface_hub') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
