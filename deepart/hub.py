"""Weight files: find them, check them, read them as tensors and nothing else, and write them.

A model is a folder: config.json (what to build), model.safetensors (its tensors) and README.md (its card). The folder
is a Hub repository as it stands, so a folder on disk and a repository on the Hub are read by the same lines.

A file that has a known sha256 is checked against it before its first use. The check of a large file takes about as long
as reading it, so a small marker remembers it, with the file's size, times and inode: any change means a new check.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import math
import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from deepart import packed
from deepart.checks import shown
from deepart.errors import DeepArtError, OptionError, Phrase, UnknownModelError, WeightsError

CONFIG = "config.json"
TENSORS = "model.safetensors"
CARD = "README.md"
MAX_CONFIG_BYTES = 65536  # a config is a handful of numbers; a larger one was not made by us

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPO_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"({_REPO_PART}/{_REPO_PART})(?:@([A-Za-z0-9][A-Za-z0-9._/-]{{0,199}}))?")
_SETTLED = 0.1  # seconds; two changes closer together can carry one time stamp, so a file this young gets no marker
_STEPS = 50  # calls of torch for each tensor of a network that is made; those that we know take 5 to 9
_GLANCE = 0.2  # seconds between two looks at a download that another thread makes

Progress = Callable[[int, int | None], object]
"""Called as progress(done, total) in bytes while files are downloaded; total is None as long as it is not known.

What it raises stops the download and reaches the caller. Nothing of an unfinished file stays behind.
"""

Network = TypeVar("Network", bound=nn.Module)
Config = TypeVar("Config")


@dataclass(frozen=True)
class ModelFile:
    """A file that a model needs: its name inside the folder, its size in bytes, its sha256 in hexadecimal.

    size: None where nobody has said it; the sha256 then stands alone.
    """

    name: str
    size: int | None
    sha256: str


class _UnreachableError(WeightsError):
    """The Hub gave no answer; a copy in the cache will do, where there is one."""


class _TooLargeError(WeightsError):
    """A file is larger than it may be."""


class _Download:
    """What is downloaded from one repository: by one thread at a time, watched by all that want the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: dict[str, int | None] = {}
        self._done: dict[str, int] = {}
        self._report: Progress | None = None
        self._stop: BaseException | None = None
        self.most: int | None = None  # bytes that a file may have
        self.token: bool | None = None  # False: without the login of whoever runs this

    @contextlib.contextmanager
    def turn(self, report: Progress | None) -> Iterator[None]:
        """Wait until no other thread downloads from here, telling how far it is; then have the place to oneself."""
        while not self._lock.acquire(timeout=_GLANCE if report else -1):
            if report:
                report(*self.state())
        try:
            self._sizes, self._done, self._report, self._stop = {}, {}, report, None
            yield
        finally:
            self._report = self._stop = self.most = self.token = None
            self._lock.release()

    def state(self) -> tuple[int, int | None]:
        """Return the bytes done of all files, and of how many, where that is known."""
        sizes, done = list(self._sizes.values()), sum(list(self._done.values()))
        known = sum(size for size in sizes if size is not None)
        return done, known if sizes and None not in sizes else None

    def expect(self, sizes: Mapping[str, int | None]) -> None:
        """Say which files are to come, and how large they are."""
        self._sizes.update(sizes)
        self._tell()

    def begin(self, name: str, size: int | None) -> None:
        """Say that a file is begun, perhaps anew; size: what the Hub says, which counts more than None."""
        self._done[name] = 0
        if size is not None:
            self._sizes[name] = size
        self._tell()

    def add(self, name: str, count: int) -> None:
        """Say that so many more bytes of a file have come."""
        self._done[name] = self._done.get(name, 0) + count
        self._tell()

    def finish(self, name: str, size: int) -> None:
        """Say that a file is there, whether it had to come or not."""
        self._sizes[name] = self._done[name] = size
        self._tell()

    def check(self) -> None:
        """Raise again what progress() has raised, where the client has swallowed it."""
        if self._stop is not None:
            raise self._stop

    def _tell(self) -> None:
        self.check()
        if self._report is not None:
            try:
                self._report(*self.state())
            except BaseException as error:
                self._stop = error
                raise

    def bar(self, name: str) -> type | None:
        """Return what the client takes for a class of progress bars: it draws nothing, and counts for this download.

        None where nobody wants to be told: then the client draws a bar of its own.
        """
        download = self
        if self._report is None:
            return None

        class Bar:
            def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
                self.update(initial)

            def __enter__(self) -> Bar:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def update(self, count: float | None = 1) -> None:
                download.add(name, int(count or 0))

            # Of a Xet transfer the client counts the bytes that arrive, too. There is one bar, for those of the file.
            def update_transfer(self, count: float | None = 1) -> None:
                pass

            def set_transfer_postfix_str(self, *_: object, **__: object) -> None:
                pass

            set_postfix_str = refresh = close = set_transfer_postfix_str

        return Bar


_downloads: defaultdict[str, _Download] = defaultdict(_Download)
_downloads_guard = threading.Lock()


# --- Where files are -------------------------------------------------------------------------------------------------


def weights_root() -> Path:
    """Return the folder of the models that travel with the repository: $DEEPART_WEIGHTS, else weights/ beside us."""
    chosen = os.environ.get("DEEPART_WEIGHTS")
    return Path(chosen).expanduser() if chosen else Path(__file__).resolve().parent.parent / "weights"


def cache_root() -> Path:
    """Return the folder of our markers: $DEEPART_CACHE, else deepart/ in the user's cache. It may not exist yet."""
    chosen = os.environ.get("DEEPART_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    # Unlike Path.expanduser, this one does not fail in a container whose user has no home.
    return Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")) / "deepart"


def parse_repo(text: str) -> tuple[str, str | None] | None:
    """Return (repo id, revision or None) for "org/name" or "org/name@revision", and None for any other text."""
    match = _REPO.fullmatch(text)
    if match is None or ".." in text or "--" in match[1] or match[1].endswith(".git"):
        return None
    return match[1], match[2]


def find(
    task: str,
    name: str,
    files: Sequence[ModelFile],
    repo_id: str | None,
    revision: str | None,
    progress: Progress | None = None,
) -> Path:
    """Return the folder that holds all the files of a registered model, each checked by size and sha256.

    weights/<task>-<name> is used when it holds any of them; else the Hub repository at its commit, 40 hexadecimal
    digits. A file that arrived damaged, or was changed in the Hub's cache, is downloaded anew, once.

    Two threads that want the same files cause one download, and the progress of both is told. One that waits for the
    other may raise from it too, which stops its waiting and not the download.

    Raises WeightsError for a file that is missing, damaged or cannot be downloaded.
    """
    folder = weights_root() / f"{task}-{name}"
    if repo_id is None or any((folder / file.name).exists() for file in files):
        for file in files:
            ours = f"weights/{folder.name}/{file.name}"
            mend = Phrase("restore it with 'git checkout -- {ours}' or make a new clone", ours=ours)
            verify(folder / file.name, file, mend)
        return folder
    if revision is None or not _COMMIT.fullmatch(revision):
        raise WeightsError(
            "The {task} model {name!r} is not pinned to a commit of {repo_id}, so it is not downloaded.",
            task=task, name=name, repo_id=repo_id,
        )  # fmt: skip
    download = _download_of(repo_id)
    with download.turn(progress):
        download.expect({file.name: file.size for file in files})
        folders = {_hub_file(download, repo_id, revision, file.name, file).parent for file in files}
    return folders.pop()


def present(task: str, name: str, files: Sequence[ModelFile], repo_id: str | None, revision: str | None) -> bool:
    """Return whether find() would need no download. Looks at names only, makes no request."""
    folder = weights_root() / f"{task}-{name}"
    if repo_id is None or any((folder / file.name).exists() for file in files):
        return True
    return all(_cached(repo_id, revision or "", file.name) is not None for file in files)


def fetch(
    repo_id: str,
    revision: str | None = None,
    filenames: Sequence[str] = (CONFIG, TENSORS),
    progress: Progress | None = None,
    most: int | None = None,
    token: bool | None = None,
) -> Path:
    """Return the local folder of a Hub repository made by save_pretrained; the folder's name is the commit.

    revision: a branch, a tag or a commit; None is the main branch. A commit that is in the cache needs no network.
    most: bytes that a file may have to be downloaded; None is as many as it has. Large files are checked against the
    sha256 that the Hub gave with them. token: False asks without the login of whoever runs this, as for strangers, to
    whom private and gated repositories are none of their business.

    Raises UnknownModelError when there is no such repository, and WeightsError for anything else that is in the way.
    """
    wanted, download = revision or "main", _download_of(repo_id)
    with download.turn(progress):
        download.most, download.token = most, token
        download.expect(dict.fromkeys(filenames))
        commit = wanted if _COMMIT.fullmatch(wanted) else _resolve(download, repo_id, wanted, filenames[0])
        folders = {_hub_file(download, repo_id, commit, name, None).parent for name in filenames}
    return folders.pop()


def _download_of(repo_id: str) -> _Download:
    """Return the one download of a repository, so that two threads that want the same files cause one."""
    with _downloads_guard:
        return _downloads[repo_id]


def _resolve(download: _Download, repo_id: str, revision: str, filename: str) -> str:
    """Return the commit of a branch or tag: the Hub's answer, or the last one in the cache if the Hub is away."""
    try:
        return _get(download, repo_id, revision, filename).parent.name
    except _UnreachableError:
        cached = _cached(repo_id, revision, filename)
        if cached is None:
            raise
        return cached.parent.name


def _hub_file(download: _Download, repo_id: str, commit: str, name: str, pin: ModelFile | None) -> Path:
    """Return a file of the Hub, checked by its pin or by what the Hub said. A damaged one is downloaded anew, once."""
    path = _cached(repo_id, commit, name) or _get(download, repo_id, commit, name, pin)
    try:
        _check(path, pin, "")
    except WeightsError as error:
        try:
            path = _get(download, repo_id, commit, name, pin, force=True)
        except _UnreachableError:
            raise WeightsError(
                "The file {path} is damaged, and the Hub cannot be reached for a new one; check the connection.",
                path=path,
            ) from error
        mend = Phrase(
            "the Hub repository {repo_id} sent it so again, so do not use it, and tell its owner", repo_id=repo_id
        )
        _check(path, pin, mend)
    download.finish(name, path.stat().st_size)
    return path


def _check(path: Path, pin: ModelFile | None, mend: str) -> None:
    expected = pin or _published(path)
    if expected is not None:
        verify(path, expected, mend)


def _published(path: Path) -> ModelFile | None:
    """Return what the Hub said about a file in its cache, or None where it did not give a sha256.

    The cache's entry is a link to a file named by its ETag, the sha256 for large files. Only one link is read, because
    behind it may be a store shared by repositories, which names files in another way.
    """
    name = Path(os.readlink(path)).name if path.is_symlink() else ""
    return ModelFile(path.name, path.stat().st_size, name) if _SHA256.fullmatch(name) else None


def _cached(repo_id: str, revision: str, name: str) -> Path | None:
    """Return the path of a file in the Hub's cache, or None. Makes no request."""
    from huggingface_hub import constants

    if _COMMIT.fullmatch(revision):  # the cache's layout is known, and the client takes a third of a second to import
        folder = "models--" + repo_id.replace("/", "--")
        own = Path(constants.HF_HUB_CACHE, folder, "snapshots", revision, name)
        return own if own.is_file() else None
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repo_id, name, revision=revision)
    return Path(path) if isinstance(path, str) else None


def _get(
    download: _Download,
    repo_id: str,
    revision: str,
    name: str,
    file: ModelFile | None = None,
    *,
    force: bool = False,
) -> Path:
    """Download a file into the Hub's cache and return its path."""
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        # One question first, asked once. Left to itself, hf_hub_download asks a Hub that is away for 23 seconds.
        url = hf_hub_url(repo_id, name, revision=revision)
        offered = get_hf_file_metadata(url, token=download.token, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        # Without a commit it is not the Hub that answers, and hf_hub_download says so.
        if file is None or offered.commit_hash is None or file.size is None or offered.size in (None, file.size):
            _check_size(download, repo_id, name, offered.size)
            download.begin(name, offered.size)
            bar = download.bar(name)
            path = hf_hub_download(
                repo_id, name, revision=revision, force_download=force, tqdm_class=bar, token=download.token
            )
            download.check()
            return Path(path)
    except _TooLargeError:
        raise
    except Exception as error:  # the Hub's own errors, its HTTP library's, and the disk's: all become one sentence
        download.check()
        raise _refused(error, repo_id, revision, name) from error
    raise WeightsError(
        "The Hub repository {repo_id} offers {name!r} with {size} bytes instead of {expected}, "
        "so it was not downloaded; update DeepArt, or choose another model.",
        repo_id=repo_id, name=name, size=offered.size, expected=file.size,
    )  # fmt: skip


def _check_size(download: _Download, repo_id: str, name: str, size: int | None) -> None:
    """Raise for a file that is larger than it may be, or that may be so for all that the Hub says."""
    if download.most is None:
        return
    # A config is read before the tensors come: a large one must not fill the disk when these are missing.
    most = min(download.most, MAX_CONFIG_BYTES) if name == CONFIG else download.most
    if size is None or size > most:
        what = Phrase("has {size}", size=_size(size)) if size is not None else "has a size that is not said"
        raise _TooLargeError(
            "The file {name!r} of the Hub repository {repo_id} {what}; here up to {most} are taken.",
            name=name, repo_id=repo_id, what=what, most=_size(most),
        )  # fmt: skip


def _size(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _refused(error: Exception, repo_id: str, revision: str, name: str) -> DeepArtError:
    """Return our error for one that came while downloading."""
    from huggingface_hub import constants, errors

    what = Phrase("The file {name!r} of the Hub repository {repo_id}", name=name, repo_id=repo_id)
    if isinstance(error, errors.GatedRepoError):
        return WeightsError(
            "The Hub repository {repo_id} is gated; accept its terms on its page, then log in with 'hf auth login'.",
            repo_id=repo_id,
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return UnknownModelError(
            "There is no Hub repository {repo_id}, or it is private; check the name, or log in with 'hf auth login'.",
            repo_id=repo_id,
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return WeightsError(
            "The Hub repository {repo_id} has no revision {revision!r}; name one that it has.",
            repo_id=repo_id, revision=revision,
        )  # fmt: skip
    if isinstance(error, errors.RemoteEntryNotFoundError):
        return WeightsError(
            "{what} does not exist at {revision!r}; a model that save_pretrained made has it.",
            what=what, revision=revision,
        )  # fmt: skip
    if isinstance(error, errors.OfflineModeIsEnabled):
        return _UnreachableError(
            "{what} is not on this machine, and HF_HUB_OFFLINE forbids the download; unset it, or use another model.",
            what=what,
        )
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        if status in (401, 403):
            return WeightsError(
                "{what} was refused with status {status}; log in anew with 'hf auth login'.", what=what, status=status
            )
        answer = Phrase(
            "{what} was not downloaded, because the Hub answered with status {status}; try again later.",
            what=what, status=status,
        )  # fmt: skip
        return _UnreachableError(answer) if status in (408, 429) or status >= 500 else WeightsError(answer)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WeightsError(
            "{what} does not fit on the disk; free some space in {cache}.", what=what, cache=constants.HF_HUB_CACHE
        )
    if isinstance(error, OSError) and error.errno is not None:
        return WeightsError(
            "{what} was not stored in {cache}: {reason}.",
            what=what, cache=constants.HF_HUB_CACHE, reason=error.strerror,
        )  # fmt: skip
    if isinstance(error, OSError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return WeightsError("{what} arrived incomplete; try again.", what=what)
    return _UnreachableError(
        "{what} is not on this machine, and the Hub cannot be reached; check the connection, or use another model.",
        what=what,
    )


# --- Is it the file that was published -------------------------------------------------------------------------------


def digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal; raises WeightsError when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def verify(path: Path, file: ModelFile, mend: str = "get it again from where it came from") -> None:
    """Check a file's size and sha256, or find the marker of an earlier check of the same, unchanged file.

    mend: what the user can do about a bad file; it ends the sentence of the error.

    Raises WeightsError for a file that is missing, cannot be read, or is not the one described.
    """
    try:
        real = path.resolve(strict=True)  # the Hub's cache holds links
        before = _state(real)
    except OSError as error:
        raise _unreadable(path, error, mend) from error
    marker = cache_root() / "verified" / hashlib.sha256(os.fsencode(real) + file.sha256.encode()).hexdigest()
    with contextlib.suppress(OSError):
        if marker.read_bytes() == before:
            return
    size = path.stat().st_size
    if file.size not in (None, size):
        raise WeightsError(
            "The file {path} is damaged, with {size} bytes instead of {expected}; {mend}.",
            path=path, size=size, expected=file.size, mend=mend,
        )  # fmt: skip
    found = digest(path)
    if found != file.sha256:
        raise WeightsError(
            "The file {path} is not the one that was published (sha256 {found}... instead of {expected}...); {mend}.",
            path=path, found=found[:12], expected=file.sha256[:12], mend=mend,
        )  # fmt: skip
    status = path.stat()
    if _state(path) == before and time.time() - max(status.st_mtime, status.st_ctime) > _SETTLED:
        # Without a marker, on a full or read-only disk say, the next start only takes longer.
        with contextlib.suppress(OSError):
            _write(marker.parent, {marker.name: before})


def _state(path: Path) -> bytes:
    """Return what changes when a file changes. The inode's own time is in it because a program cannot set that back."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}\n".encode()


def _unreadable(path: Path, error: OSError, mend: str = "get it again from where it came from") -> WeightsError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return WeightsError("The file {path} is missing; {mend}.", path=path, mend=mend)
    return WeightsError(
        "The file {path} cannot be read ({reason}); {mend}.", path=path, reason=error.strerror or error, mend=mend
    )


# --- Reading ---------------------------------------------------------------------------------------------------------


def read_config(folder: Path) -> dict[str, Any]:
    """Return what config.json of a model's folder says; raises WeightsError when it is missing or no JSON object."""
    path = folder / CONFIG
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        if len(data) > MAX_CONFIG_BYTES:
            raise ValueError(f"more than {MAX_CONFIG_BYTES} bytes")
        config = json.loads(data.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WeightsError(
            "The file {path} is not JSON ({error}); save the model again.", path=path, error=error
        ) from error
    if not isinstance(config, dict):
        raise WeightsError(
            "The file {path} holds a {kind}, not an object; save the model again.",
            path=path, kind=type(config).__name__,
        )  # fmt: skip
    return config


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def check_config(config: Mapping[str, Any], task: str, networks: Iterable[str], folder: Path) -> None:
    """Check that a config is for a task and for one of the networks (class names) that the caller can build.

    Raises WeightsError when it is for another.
    """
    path, known = folder / CONFIG, tuple(networks)
    if config.get("task") != task:
        raise WeightsError(
            "The file {path} is for the task {other}; this needs a {task} model.",
            path=path, other=shown(config.get("task")), task=task,
        )  # fmt: skip
    if config.get("class") not in known:
        raise WeightsError(
            "The file {path} is for a network {network}; known for {task} are: {known}.",
            path=path, network=shown(config.get("class")), task=task, known=", ".join(known),
        )  # fmt: skip


def make_config(
    kind: type[Config], values: Mapping[str, Any], folder: Path, besides: Sequence[str] = ("task", "class")
) -> Config:
    """Return the config dataclass that the values of a config.json describe.

    Every field of the dataclass has a default, which also says what type it takes; a value that is absent keeps it.
    besides: keys that belong to somebody else. Lists become tuples.

    Raises WeightsError for a key that is no field, and for a value of another type than the default's.
    """
    defaults: Any = kind()
    fields = [field.name for field in dataclasses.fields(defaults)]
    unknown = [key for key in values if key not in fields and key not in besides]
    if unknown:
        raise WeightsError(
            "The file {path} has {key!r}, which this DeepArt does not know; update it.",
            path=folder / CONFIG, key=unknown[0],
        )  # fmt: skip
    given = {name: _tupled(values[name]) for name in fields if name in values}
    for name, value in given.items():
        if not _alike(value, getattr(defaults, name)):
            example = json.dumps(getattr(defaults, name))
            raise WeightsError(
                "In the file {path}, {name!r} is {value}; it takes a value like {example}.",
                path=folder / CONFIG, name=name, value=json.dumps(value)[:80], example=example,
            )  # fmt: skip
    try:
        return kind(**given)
    except (DeepArtError, ValueError) as error:
        raise WeightsError(
            "The numbers in {path} do not make a network; save the model again.", path=folder / CONFIG
        ) from error


def _tupled(value: Any) -> Any:
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value


def _alike(value: Any, example: Any) -> bool:
    """Whether a value has the type of the example; a tuple may be longer or shorter, of items like the first."""
    if isinstance(example, tuple):
        return isinstance(value, tuple) and (not example or all(_alike(item, example[0]) for item in value))
    if isinstance(example, float):
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is type(example)


def read_tensors(path: Path, names: Sequence[str] | None = None) -> dict[str, Tensor]:
    """Return the tensors of a .safetensors file, or of a .bin, .pt or .pth file, on the CPU; runs no code from it.

    names: read only these; None reads all. From a .safetensors file the others are not even loaded.

    Raises WeightsError for a file that is missing or damaged, that holds anything but tensors, or a number that is not
    finite, and for names that it does not hold.
    """
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        if path.suffix == ".safetensors":
            with safetensors.safe_open(path, framework="pt", device="cpu") as stream:
                keys = list(stream.keys())
                tensors = {
                    key: stream.get_tensor(key)
                    for key in keys
                    if names is None or key in names or key.removesuffix(packed.SCALE) in names
                }
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can fail in any way, and each means the same to the user
        raise WeightsError(
            "The file {path} is damaged, or holds more than tensors; get it again.", path=path
        ) from error
    if not isinstance(tensors, dict) or not all(
        isinstance(key, str)
        and isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        for key, value in tensors.items()
    ):
        raise WeightsError("The file {path} does not hold named tensors; a state dict is wanted.", path=path)
    try:
        tensors = packed.unpack(tensors)
    except ValueError as error:
        raise WeightsError("The file {path} is damaged: {error} Get it again.", path=path, error=error) from error
    if names is not None:
        missing = [name for name in names if name not in tensors]
        if missing:
            what = Phrase("it lacks {names}", names=_some(missing))
            raise WeightsError("The file {path} does not fit the network: {what}.", path=path, what=what)
        tensors = {name: tensors[name] for name in names}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not _finite(tensor):
            raise WeightsError(
                "The file {path} has numbers in {name!r} that are not finite; get it again.", path=path, name=name
            )
    return tensors


def _finite(tensor: Tensor) -> bool:
    """Return whether all numbers of a tensor are finite. With numpy, where it knows the type: ten times as fast."""
    values = tensor.detach().resolve_neg()
    if values.dtype == torch.bfloat16:
        # Numpy does not know it. An exponent of all ones stands for what is not finite, as in float32's upper half.
        return not bool(((values.view(torch.int16).numpy() & 0x7F80) == 0x7F80).any())
    if values.dtype in (torch.float16, torch.float32, torch.float64):
        return bool(np.isfinite(values.numpy()).all())
    return bool(torch.isfinite(values).all())


def load_strict(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a module; float16 numbers become the module's type.

    Raises WeightsError, naming the first few, when names, shapes or kinds (whole numbers, fractions) differ.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors]
    extra = [name for name in tensors if name not in wanted]
    if missing or extra:
        lacks = Phrase("it lacks {names}", names=_some(missing)) if missing else ""
        more = Phrase("it has {names} too many", names=_some(extra)) if extra else ""
        what = Phrase("{one} and {other}", one=lacks, other=more) if lacks and more else lacks or more
        raise WeightsError("The file {path} does not fit the network: {what}.", path=path, what=what)
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape or tensor.is_floating_point() != wanted[name].is_floating_point():
            raise WeightsError(
                "The file {path} does not fit the network: {name!r} is {shape} instead of {expected}.",
                path=path, name=name, shape=_shape(tensor), expected=_shape(wanted[name]),
            )  # fmt: skip
    if not any(tensor.is_meta for tensor in wanted.values()):
        module.load_state_dict(dict(tensors), strict=True)


class _Steps(TorchFunctionMode):
    """Stops what takes more than so many calls of torch, in this thread.

    A layer without memory still takes time, and a number in a config can ask for a thousand million of them.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ValueError("There are far more layers than the file has tensors for.")
        return func(*args, **(kwargs or {}))


def build(make: Callable[[], Network], path: Path) -> Network:
    """Return the network that make() describes, with the tensors of a file, on the CPU, ready to use.

    make() is called twice. The first network has shapes but no memory: a config that asks for more than the file holds,
    in numbers or in layers, is refused before it costs much.

    Raises WeightsError as read_tensors and load_strict do, and when make() fails.
    """
    tensors = read_tensors(path)
    try:
        with torch.device("meta"), _Steps(_STEPS * (len(tensors) + 20)):
            sketch = make()
    except Exception as error:  # numbers from a file can break a constructor in any way
        config = path.parent / CONFIG
        raise WeightsError(
            "The numbers in {config} do not make a network; save the model again.", config=config
        ) from error
    load_strict(sketch, tensors, path)
    network = make()
    load_strict(network, tensors, path)
    return network.eval()


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:3])
    return Phrase("{names} and {count} more", names=shown, count=len(names) - 3) if len(names) > 3 else shown


def _shape(tensor: Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape)) or 'one number'} {str(tensor.dtype).removeprefix('torch.')}"


# --- Writing ---------------------------------------------------------------------------------------------------------


def write_folder(
    folder: str | os.PathLike[str],
    config: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    card: str,
    *,
    half: bool = True,
    in_eight_bits: Collection[str] = (),
) -> None:
    """Write a model's folder: config.json, model.safetensors and README.md, made new or put in place of old ones.

    config: numbers and names, with "task" and "class". half: store fractions as float16, but for a tensor that would
    overflow. in_eight_bits: names of tensors to store as deepart/packed.py does. All three files are complete under
    other names before the first takes its place.

    Raises OptionError when the folder is a file, WeightsError when a tensor is not finite or the disk refuses.
    """
    if not isinstance(folder, str | os.PathLike) or not str(folder).strip():
        raise OptionError(
            "The folder is {folder}; give the name of one, new or with a model in it.", folder=shown(folder)
        )
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise OptionError("{path} is a file; a model is saved as a folder, so give the name of one.", path=path)
    if (path / CARD).exists() and not (path / CONFIG).exists():
        raise OptionError(
            "{path} has a {card} but no model, and would lose it; give another folder.", path=path, card=CARD
        )
    contents = {
        TENSORS: safetensors.torch.save(_all_stored(tensors, half, in_eight_bits)),
        CONFIG: (json.dumps(config, indent=2, allow_nan=False) + "\n").encode(),
        CARD: card.encode(),
    }
    try:
        _write(path, contents)
    except OSError as error:
        raise WeightsError(
            "The model was not saved in {path} ({reason}); choose a folder with space that is yours.",
            path=path, reason=error.strerror or error,
        ) from error  # fmt: skip


def _all_stored(tensors: Mapping[str, Tensor], half: bool, in_eight_bits: Collection[str]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        small = name in in_eight_bits
        whole = _stored(name, tensor, half and not small)
        found |= packed.pack(name, whole) if small else {name: whole}
    return found


def _stored(name: str, tensor: Tensor, half: bool) -> Tensor:
    """Return a tensor as it goes into a file: on the CPU, in memory of its own."""
    tensor = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    if not tensor.is_floating_point():
        return tensor
    if not torch.isfinite(tensor).all():
        raise WeightsError("The model was not saved, because {name!r} has numbers that are not finite.", name=name)
    rounded = tensor.half()
    return rounded if half and torch.isfinite(rounded).all() else tensor


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write files into a folder, all or none: first under names of their own, which do not outlive a failure."""
    own = f".{os.getpid()}-{threading.get_ident()}.tmp"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for name, data in contents.items():
            (folder / (name + own)).write_bytes(data)
        for name in contents:
            os.replace(folder / (name + own), folder / name)
    finally:
        for name in contents:
            with contextlib.suppress(OSError):
                (folder / (name + own)).unlink()
