"""The known models, one record each: what to build, where its files are, their licence and how they were made.

Menus, the README's table and the tests are made from this list.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from deepart import hub
from deepart.checks import shown
from deepart.device import pick_device
from deepart.errors import OptionError, Phrase, UnknownModelError, UnsupportedError, WeightsError
from deepart.hub import ModelFile
from deepart.models.vgg import VGG19, VGGConfig, VGGFeatures, published_names

TASKS = ("gan", "vae", "style")  # the tasks that have a pipeline
FEATURES = "features"  # networks that others measure pictures with


@dataclass(frozen=True)
class ModelSpec:
    """A known model.

    task, name: its key. title, summary: a word or two for the menu, and one line under it.
    licence: SPDX name of the licence of the weights.
    files: what to load, checked before the first use; they are in weights/<task>-<name>, or in the Hub repository
    repo_id at the commit `revision`.
    recipe: path of the script that made the files.
    features: name of the features model that it needs.
    network: class name of the network, for a model without a config.json of ours among its files; else "".
    cost: a sentence about time or memory that a visitor should read before choosing it; else "".
    extra: name of the optional package that it needs; else "".
    default: whether it is the one that its task takes when no name is given.
    """

    task: str
    name: str
    title: str
    summary: str
    licence: str
    files: tuple[ModelFile, ...]
    repo_id: str | None = None
    revision: str | None = None
    recipe: str = ""
    features: str | None = None
    network: str = ""
    cost: str = ""
    extra: str = ""
    default: bool = False

    @property
    def size(self) -> int | None:
        """Bytes of its files together; None where the size of one is not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def here(self) -> bool:
        """Whether it needs no download, that of its features included. Makes no request."""
        own = hub.present(*_place(self)) if self.files else True
        return own and (self.features is None or get_spec(FEATURES, self.features).here)


def _fastgan(name: str, repo: str, title: str, pictures: str, revision: str, size: int | None, sha: str) -> ModelSpec:
    """Return the record of one of the FastGANs of 1024 pixels; pictures: what it makes."""
    return ModelSpec(
        task="gan",
        name=f"fastgan-{name}",
        title=title,
        summary=f"Makes {pictures} of 1024 pixels, after training on few pictures.",
        licence="MIT",
        files=(ModelFile("pytorch_model.bin", size, sha),),
        repo_id=f"huggan/fastgan-few-shot-{repo}",
        revision=revision,
        features="vgg16",
        network="FastGAN",
        cost=_FASTGAN_COST,
    )


_FASTGAN_COST = "On two CPU cores a picture takes about a second, a search minutes; memory up to a gigabyte."
_RECORDS = (
    ModelSpec(
        task=FEATURES,
        name="vgg16",
        title="VGG16 features",
        summary="The feature maps in which style and content are measured.",
        licence="MIT",
        files=(
            ModelFile("config.json", 406, "c930a2707536c8f8754a912abeabd2b91d6876662bb368081f92d9f4d3a2ae88"),
            ModelFile(
                "model.safetensors", 15272152, "1723bef2cbac3db95c8e41cba911dd58cd037e743c146b56a9d99d87004b65cd"
            ),
        ),
        recipe="recipes/make_features_vgg16.py",
        default=True,
    ),
    ModelSpec(
        task=FEATURES,
        name="vgg19",
        title="VGG19 features",
        summary="The feature maps of the first papers on style transfer, one convolution deeper in each of two blocks.",
        licence="BSD-3-Clause",
        files=(
            ModelFile("model.safetensors", None, "11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669"),
        ),
        repo_id="timm/vgg19.tv_in1k",
        revision="128d4708565b3a414bcbb9bbad440b2fe37b9f18",
        network="VGGFeatures",
        cost="Of 575 MB that are downloaded, 52 MB are read.",
    ),
    ModelSpec(
        task="gan",
        name="landscapes",
        title="Landscapes",
        summary="Paints impressionist landscapes that never existed, 128 pixels small.",
        licence="MIT",
        files=(
            ModelFile("config.json", 320, "8d37ae41186303c4ca34469fc55e49c42068a2bbfc7cf607a053bb0af133cac1"),
            ModelFile("model.safetensors", 5630180, "546a34bca7c64aa37dbb94623c03172a9e2b85941296a60a86f4d8db058d4f0e"),
        ),
        recipe="recipes/train_gan.py",
        features="vgg16",
        default=True,
    ),
    ModelSpec(
        task="gan",
        name="portraits",
        title="Portraits",
        summary="Draws cartoon portraits of people who never existed, 128 pixels small.",
        licence="MIT",
        files=(
            ModelFile("config.json", 306, "5c6ab2926e3964ff1e0d1c5ce2b8cb2603a5cbcf4c2cf7afda67e4fae65a326c"),
            ModelFile("model.safetensors", 5629668, "3de76ff3867cdfaf39bfd4d8989563f22f060da834322c5c2b1fcfb2d64634ac"),
        ),
        recipe="recipes/train_gan.py",
        features="vgg16",
    ),
    _fastgan(
        "painting",
        "painting",
        "Paintings",
        "abstract paintings",
        "2d74d156bb01bad125b6dc62b0f75df4a8447d44",
        117073189,
        "3edf66be8e44fcb85abafb5d6cf7c389b85d647ee5068ddf7a9da932c4889d4b",
    ),
    _fastgan(
        "aurora",
        "aurora",
        "Aurora",
        "northern lights",
        "8234db31eec47eb4720a814f42455ed30b89b6c0",
        None,
        "e49a16de4bf82f288759f3fff955d1e6066faa7f61737ae67a2c00c715e04ef2",
    ),
    _fastgan(
        "still-life",
        "fauvism-still-life",
        "Still life",
        "fauvist still lifes",
        "502ee8340517914274b3defaf5dfe3a29240c71f",
        117073189,
        "048967585dc485580e5021d752aa768b49ed07e187590241ca93d83b2bad5168",
    ),
    _fastgan(
        "shells",
        "shells",
        "Shells",
        "sea shells",
        "698843e8a0c88fb7384898ca5f09f82b55b26a93",
        None,
        "931a404dc1763761e7e04af6548c00dfe85b010aef0ec24628bb893ff7e02355",
    ),
    _fastgan(
        "moongate",
        "moongate",
        "Moon gate",
        "moon gates",
        "7ca7777f156d6f971bd5ec84a575dd9314256f02",
        None,
        "9def6bd29c7fadc55798ed70609401e3fadfb615325292e68e9d4416b726b776",
    ),
    ModelSpec(
        task="vae",
        name="pictures",
        title="Pictures",
        summary="Takes any photograph or painting apart and gives it back, one number for six.",
        licence="MIT",
        files=(
            ModelFile("config.json", 142, "df4e6c4048028c208ee35fca094c5f7ab71234ff4ddc040936d35c2e38b9385a"),
            ModelFile("model.safetensors", 2854280, "2aaf053e44a26f3e30efce7eddd67cd0b9bcd51d7ea5345b9da0ca343d0ef2bc"),
        ),
        recipe="recipes/train_vae.py",
        default=True,
    ),
    ModelSpec(
        task="vae",
        name="portraits",
        title="Portraits",
        summary="Cartoon portraits as 128 numbers: sliders, morphs, and people who never existed.",
        licence="MIT",
        files=(
            ModelFile("config.json", 301, "5cf88cd85af4d9e42292387acbc9f9607d5f98b02e4b1e1e57c874e022eecc7a"),
            ModelFile("model.safetensors", 9323556, "533ecf0b3227b95dccf8ecbc47f133432b462e024986da87da028211e8a636e3"),
        ),
        recipe="recipes/train_vae.py",
    ),
    ModelSpec(
        task="vae",
        name="taesd",
        title="TAESD",
        summary="The tiny autoencoder of Stable Diffusion's latents: 4 numbers for a block of 8 x 8 pixels.",
        licence="MIT",
        files=(
            ModelFile(
                "diffusion_pytorch_model.safetensors",
                9793292,
                "db169d69145ec4ff064e49d99c95fa05d3eb04ee453de35824a6d0f325513549",
            ),
        ),
        repo_id="madebyollin/taesd",
        revision="614f76814bbe30edbe2e627ace1c2234c81a2c0e",
        network="TAESD",
    ),
    ModelSpec(
        task="vae",
        name="sd-vae",
        title="Stable Diffusion",
        summary="The autoencoder of Stable Diffusion, fine-tuned for a small mean squared error.",
        licence="MIT",
        files=(
            ModelFile("config.json", 547, "92d3dfb746fca211a2c9e019e285f8597412211728dce3c5bcf4eda0f2d62e7e"),
            ModelFile(
                "diffusion_pytorch_model.safetensors",
                334643276,
                "a1d993488569e928462932c8c38a0760b874d166399b14414135bd9c42df5815",
            ),
        ),
        repo_id="stabilityai/sd-vae-ft-mse",
        revision="31f26fdeee1355a5c34592e401dd41e45d25a493",
        network="AutoencoderKL",
        cost="Slow on a CPU: a picture of 512 pixels there and back takes about a minute on 2 cores.",
        extra="diffusers",
    ),
    ModelSpec(
        task="style",
        name="fast",
        title="Fast",
        summary="Repaints a picture in one pass, at any size up to 4096 pixels, with the style's own strokes.",
        licence="MIT",
        files=(
            ModelFile("config.json", 127, "5414d14758edfdb0e8b14ed720ccdf6429c637344ffabde944b13bf690c0fdc5"),
            ModelFile("model.safetensors", 3547040, "54aa72c0e80cb9c6e1b10d1335eff6649ee765bd09f5d6f3e135c5e8605fbccc"),
        ),
        recipe="recipes/train_style.py",
        features="vgg16",
        default=True,
    ),
    ModelSpec(
        task="style",
        name="fine",
        title="Fine",
        summary="Repaints a picture by hundreds of small corrections: slow, any style, strong brushwork.",
        licence="MIT",
        files=(),
        features="vgg16",
        network="Gatys",
    ),
    ModelSpec(
        task="style",
        name="fine-vgg19",
        title="Fine, VGG19",
        summary="As Fine, in the features of the first papers on style transfer.",
        licence="BSD-3-Clause",
        files=(),
        features="vgg19",
        network="Gatys",
        cost="Slower than Fine by about a quarter.",
    ),
)
REGISTRY: Mapping[tuple[str, str], ModelSpec] = MappingProxyType({(spec.task, spec.name): spec for spec in _RECORDS})


@dataclass(frozen=True)
class Located:
    """Where a model is, once its files are there and checked.

    name: the registered name, the folder's own name, or the Hub repository id.
    version: twelve hexadecimal digits that change with the weights: of their sha256, or of the Hub's commit.
    folder: the folder with its files; None for a model that is only its features.
    spec: the record of a registered model.
    """

    name: str
    version: str
    folder: Path | None = None
    spec: ModelSpec | None = None

    def read_config(self) -> dict[str, Any]:
        """Return the config: the one in the folder, or task and class of a registered model that has none of ours.

        Raises WeightsError when config.json is missing or not a JSON object.
        """
        if self.spec is not None and self.spec.network:
            return {"task": self.spec.task, "class": self.spec.network}
        return hub.read_config(self.folder or Path())


def list_models(task: str | None = None) -> list[str] | list[tuple[str, str]]:
    """Return the names of a task's models; for None all (task, name) of the tasks that have a pipeline.

    Raises OptionError for a task that there is not.
    """
    if task is None:
        return [key for key in REGISTRY if key[0] in TASKS]
    _check_task(task)
    return [name for known, name in REGISTRY if known == task]


def get_spec(task: str, name: str | None = None) -> ModelSpec:
    """Return the record of a registered model; for no name the task's default.

    Raises OptionError for a task that there is not, UnknownModelError for a name that it does not have.
    """
    _check_task(task)
    names = [known for kind, known in REGISTRY if kind == task]
    if not (name is None or isinstance(name, str)):
        raise OptionError("The model is {name}; it must be a name.", name=shown(name))
    if name is None:
        for spec in REGISTRY.values():
            if spec.task == task and spec.default:
                return spec
        raise UnknownModelError(
            "There is no {task} model here yet; give a local folder or a Hub repository id.", task=task
        )
    if (task, name) in REGISTRY:
        return REGISTRY[task, name]
    close = difflib.get_close_matches(name, names, 1)
    others = [kind for kind, known in REGISTRY if known == name]
    hint: str = "."
    if close:
        hint = Phrase("; did you mean {name!r}?", name=close[0])
    elif others:
        hint = Phrase(", but a {task} model of that name.", task=others[0])
    raise UnknownModelError(
        "There is no {task} model {name!r}{hint} Known: {known}.",
        task=task, name=name, hint=hint, known=", ".join(names) or "none",
    )  # fmt: skip


def _check_task(task: str) -> None:
    if task not in (*TASKS, FEATURES):
        raise OptionError(
            "The task is {task}; it must be one of {known}.", task=shown(task), known=", ".join((*TASKS, FEATURES))
        )


def fetch(spec: ModelSpec, progress: hub.Progress | None = None) -> None:
    """Make sure that a model's files are here and checked, those of its features included; loads nothing.

    progress: called as progress(done, total) in bytes, at the beginning, while files come, and at the end; total is
    None as long as it is not known. It may raise to stop: the next try begins with the first file that is not whole.

    Raises UnsupportedError, before anything is downloaded, when an optional package that the model needs is not
    installed, and WeightsError when files are missing, damaged or cannot be downloaded.
    """
    if spec.extra and importlib.util.find_spec(spec.extra) is None:
        raise UnsupportedError(
            "This model needs the package {package}; install it with 'pip install {package}'.", package=spec.extra
        )
    parts = [spec, get_spec(FEATURES, spec.features)] if spec.features is not None else [spec]
    needed = [part for part in parts if part.files]
    absent = [part for part in needed if not hub.present(*_place(part))]
    needed = absent or needed  # what is here already is no part of the progress, unless there is nothing else
    counts = [(0, part.size) for part in needed]

    def report(index: int, done: int, total: int | None) -> None:
        counts[index] = (done, total)
        sizes = [size for _, size in counts if size is not None]
        if progress is not None:
            progress(sum(count for count, _ in counts), sum(sizes) if len(sizes) == len(counts) else None)

    for index, part in enumerate(needed):
        told = partial(report, index)
        told(0, part.size)
        hub.find(*_place(part), told if progress is not None else None)
        size = part.size if part.size is not None else counts[index][1]
        told(size or 0, size)


def locate(task: str, name: str | os.PathLike[str] | None = None) -> Located:
    """Return where a model is, after its files are there and checked.

    name: None for the task's default; a registered name; a local folder that save_pretrained made; or a Hub repository
    id, "org/name" or "org/name@revision". They are tried in this order; a path object is always a folder.

    Raises UnknownModelError when it is none of these, OptionError for a task that there is not or a name that is no
    text, WeightsError when files are missing, damaged or cannot be downloaded.
    """
    _check_task(task)
    if name is None or (isinstance(name, str) and (task, name) in REGISTRY):
        return _registered(get_spec(task, name))
    text = os.fspath(name) if isinstance(name, str | os.PathLike) else None
    if not isinstance(text, str):
        raise OptionError("The model is {name}; it must be a name, a folder or a Hub repository id.", name=shown(name))
    path = os.path.expanduser(text)
    if os.path.isdir(path):
        folder = Path(path).resolve()
        return Located(folder.name, hub.digest(folder / hub.TENSORS)[:12], folder)
    if os.path.isfile(path):
        raise UnknownModelError(
            "{path!r} is a file; give the folder that holds {config} and {tensors}.",
            path=path, config=hub.CONFIG, tensors=hub.TENSORS,
        )  # fmt: skip
    repo = hub.parse_repo(text) if isinstance(name, str) else None
    if repo is not None:
        folder = hub.fetch(*repo)
        return Located(repo[0], folder.name[:12], folder)
    if not isinstance(name, str) or any(mark in text for mark in "/\\") or text.startswith((".", "~")):
        raise UnknownModelError(
            "There is no folder {path!r}; give one, or a name, or a Hub repository id like org/name.", path=path
        )
    return _registered(get_spec(task, name))


def _registered(spec: ModelSpec) -> Located:
    folder = hub.find(*_place(spec)) if spec.files else None
    return Located(spec.name, version(spec), folder, spec)


def _place(spec: ModelSpec) -> tuple[str, str, tuple[ModelFile, ...], str | None, str | None]:
    """Return where the files of a model are, as hub.find() and hub.present() take it."""
    return spec.task, spec.name, spec.files, spec.repo_id, spec.revision


def version(spec: ModelSpec) -> str:
    """Return twelve hexadecimal digits that change with a model's weights: of its weight file, or of several together.

    A model without files has the version of its features.
    """
    sums = [file.sha256 for file in spec.files if file.name != hub.CONFIG]
    if not sums and spec.features is not None:
        return version(get_spec(FEATURES, spec.features))
    return (sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest())[:12]


def load_features(name: str | None = None, *, device: str | torch.device | None = None) -> VGGFeatures:
    """Return a features network with its weights on a device; None stands for the default network, the best device.

    Raises UnknownModelError, OptionError for the device, WeightsError.
    """
    target = pick_device(device)
    located = _registered(get_spec(FEATURES, name))
    folder, config = located.folder or Path(), located.read_config()
    hub.check_config(config, FEATURES, ("VGGFeatures",), folder)
    if located.spec is not None and located.spec.network:
        return _published_features(folder / located.spec.files[0].name).to(target)
    numbers = hub.make_config(VGGConfig, config, folder)
    return hub.build(lambda: VGGFeatures(numbers), folder / hub.TENSORS).to(target)


def check_features(name: object, folder: Path) -> str:
    """Return the name of the features that a model's config asks for, where they are here.

    So no config makes anybody download them unasked. Raises WeightsError.
    """
    if not isinstance(name, str) or (FEATURES, name) not in REGISTRY:
        raise WeightsError(
            "The model in {folder} needs the features {name}, which this DeepArt does not have.",
            folder=folder, name=shown(name),
        )  # fmt: skip
    if not REGISTRY[FEATURES, name].here:
        raise WeightsError(
            "The model in {folder} needs the features {name!r}, which are not on this machine; get a model first that "
            "has them.",
            folder=folder, name=name,
        )  # fmt: skip
    return name


def _published_features(path: Path) -> VGGFeatures:
    """Return the VGG19 of a file of timm's. Of its 575 MB only what is wanted is read: the classifier fills it."""
    names = published_names(VGG19)
    tensors = hub.read_tensors(path, list(names.values()))
    network = VGGFeatures(VGG19)
    hub.load_strict(network, {own: tensors[other] for own, other in names.items()}, path)
    return network.eval()


def models_table() -> str:
    """Return the known models as a Markdown table: what each is, its size, licence, origin and check."""
    rows = ["| Model | Task | Size | Licence | From | Checked by |", "| --- | --- | ---: | --- | --- | --- |"]
    for spec in REGISTRY.values():
        if spec.files:
            origin = (
                f"{spec.repo_id} at {(spec.revision or '')[:12]}"
                if spec.repo_id
                else f"`weights/{spec.task}-{spec.name}`"
            )
            size = "not said" if spec.size is None else f"{spec.size / 1e6:.1f} MB"
            cells = [size, spec.licence, origin, f"size, sha256 `{version(spec)}`"]
        else:
            cells = ["none", spec.licence, f"features `{spec.features}`", "its features"]
        rows.append(" | ".join([f"| `{spec.name}`", spec.task, *cells]) + " |")
    return "\n".join(rows) + "\n"
