"""The rules of the house: who may import whom, what is public, and that the pages in Markdown agree with the code."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import deepart
from benchmarks.models import registry_table
from deepart.registry import REGISTRY, TASKS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "deepart"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Rooms from the street inwards: each may import those below it, and nothing above or beside it unless named here.
FLOORS = {
    "__main__": 9,
    "cli": 8,
    "ui": 8,
    "cache": 7,
    "pipelines": 6,
    "metrics": 6,
    "registry": 5,
    "animations": 4,
    "films": 4,
    "folder": 4,
    "models": 3,
    "hub": 4,
    "checkpoint": 3,
    "color": 2,
    "images": 3,
    "decoding": 2,
    "latents": 2,
    "device": 2,
    "memory": 2,
    "containers": 1,
    "exif": 1,
    "packed": 1,
    "checks": 1,
    "errors": 0,
}
OUTSIDE = {
    "gradio": {"ui"},
    "huggingface_hub": {"hub"},
    "PIL": {"animations", "cli", "decoding", "films", "folder", "images", "metrics", "pipelines", "ui"},
    "av": {"animations", "films"},
    "starlette": {"ui"},
    "prometheus_client": {"ui"},
    "tqdm": {"cli"},
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import; the rules are read from whole names"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    mine = room(path)
    if mine == "__init__":
        return  # the front door opens on every room but the page; see the next test
    assert mine in FLOORS, f"the room {mine} has no floor"
    for name in imports(path):
        parts = name.split(".")
        assert parts[0] not in {"app", "recipes", "benchmarks", "deploy", "tests"}, f"{path} imports {name}"
        if parts[0] == "deepart" and len(parts) > 1 and parts[1] in FLOORS and parts[1] != mine:
            assert FLOORS[parts[1]] < FLOORS[mine], f"{path} imports {name}, which is not below it"
        if parts[0] in OUTSIDE:
            assert mine in OUTSIDE[parts[0]], f"{path} imports {name}, which only {OUTSIDE[parts[0]]} may"


def test_the_app_imports_the_page_and_the_studio_only() -> None:
    rooms = {name.split(".")[1] for name in imports(ROOT / "app.py") if name.startswith("deepart.")}
    assert rooms <= {"ui", "studio", "Studio", "errors", "DeepArtError", "device", "__version__"}


def test_importing_the_package_brings_neither_the_page_nor_the_hub_nor_a_choice_of_device() -> None:
    code = (
        "import sys, torch, deepart; "
        "print([name for name in ('av', 'gradio', 'huggingface_hub', 'torchvision', 'pandas') if name in sys.modules], "
        "torch.cuda.is_initialized())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[] False"


def test_the_public_names_are_listed_sorted_and_there() -> None:
    assert deepart.__all__ == sorted(deepart.__all__)
    defined = {
        name for name, value in vars(deepart).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("deepart")
    }  # fmt: skip
    assert set(deepart.__all__) == defined


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "deploy/requirements.txt"])
def test_every_dependency_has_a_reason(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r"))]
    assert lines
    for line in lines:
        assert re.search(r"\S\s+# \S+ \S+", line), f"{line!r} gives no reason"


def test_every_third_party_import_is_a_listed_dependency() -> None:
    listed = {
        re.split(r"[<>=!~]", line)[0].strip()
        for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")
    }  # fmt: skip
    called = {"PIL": "pillow", "huggingface_hub": "huggingface-hub", "prometheus_client": "prometheus-client"}
    used = {
        name.split(".")[0] for path in [*SOURCES, ROOT / "app.py"] for name in imports(path)
    } - set(sys.stdlib_module_names) - {"deepart"}  # fmt: skip
    assert {called.get(name, name) for name in used} <= listed


# ------------------------------------------------------------------------------------------------ pages in Markdown

README, CHINESE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
PAGES = [
    path for path in sorted(ROOT.rglob("*.md"))
    if not {"data", "runs", "models"} & set(path.relative_to(ROOT).parts[:1])
    and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
]  # fmt: skip


def blocks(text: str) -> list[str]:
    """Return what stands between fences."""
    return re.findall(r"^```\w*\n.*?^```$", text, re.S | re.M)


def anchors(text: str) -> set[str]:
    """Return what links can name of a page: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_is_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.S | re.M)
    for link in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        path, _, part = link.partition("#")
        if "://" not in link:
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not part or part in anchors(target.read_text("utf-8")), link


@pytest.mark.parametrize("text", [README, CHINESE], ids=["English", "Chinese"])
def test_the_readme_is_short_and_names_every_model_that_comes_along(text: str) -> None:
    assert text.count("\n") <= 200
    for (task, name), spec in REGISTRY.items():
        if task in TASKS and spec.here and not spec.repo_id:
            assert f"| `{name}` |" in text


def test_all_models_stand_in_the_table_of_models() -> None:
    assert registry_table() in (ROOT / "docs" / "models.md").read_text("utf-8")


def test_the_chinese_readme_says_what_the_english_one_says() -> None:
    assert "\n[中文](README.zh.md)\n" in README
    assert "\n[English](README.md)\n" in CHINESE
    assert blocks(CHINESE) == blocks(README)
    number = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")
    in_tens_of_thousands = {"5000"}  # as Chinese counts fifty million
    assert set(number.findall(CHINESE)) <= set(number.findall(README)) | in_tens_of_thousands


def test_the_front_matter_is_what_a_space_reads() -> None:
    """Keys and values as in the Hub's "Spaces Configuration Reference"."""
    head = yaml.safe_load(README.split("---\n")[1])
    gradio = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("gradio>="))
    assert head["sdk"] == "gradio"
    assert head["sdk_version"].startswith(gradio.removeprefix("gradio>=").split(",")[0])
    assert head["python_version"] == "3.11"
    assert (ROOT / head["app_file"]).is_file()
    assert head["license"] == "mit"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert head["title"] == "DeepArt"
    assert {head["colorFrom"], head["colorTo"]} <= {
        "red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray",
    }  # fmt: skip
    assert len(head["short_description"]) <= 60


@pytest.mark.parametrize(
    ("mark", "page", "needs", "ends"),
    [
        ("tests", "README.md", "requirements-dev.txt", "-m pytest -n 2"),
        ("cluster tests", "deploy/README.md", "deploy/requirements.txt", "-m pytest deploy"),
    ],
)
def test_ci_runs_the_documented_test_commands(mark: str, page: str, needs: str, ends: str) -> None:
    script = (ROOT / ".ci/run").read_text()
    extract = re.search(r"^command_of\(\) \{\n.*?^\}$", script, re.MULTILINE | re.DOTALL)
    assert extract is not None
    assert f'$(command_of "{mark}" {page})' in script
    done = subprocess.run(
        ["bash", "-c", f'environment=.venv; {extract[0]}; printf %s "$(command_of "{mark}" {page})"'],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.stdout in (ROOT / page).read_text("utf-8")
    assert needs in done.stdout
    assert done.stdout.endswith(ends)
    assert done.stdout.count("\n") == 0
