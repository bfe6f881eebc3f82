"""Weight files: find them, download them from the Hugging Face Hub, and check that they are the published ones.

A file that has a known sha256 is checked against it before its first use. The check of a large file takes about as long
as reading it, so a small marker remembers it, with the file's size, times and inode: any change means a new check.
"""

import contextlib
import errno
import hashlib
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepart.checkpoint import FILES, digest, unreadable, write_files
from deepart.errors import DeepArtError, Phrase, UnknownModelError, WeightsError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPO_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"({_REPO_PART}/{_REPO_PART})(?:@([A-Za-z0-9][A-Za-z0-9._/-]{{0,199}}))?")
_SETTLED = 0.1  # seconds; two changes closer together can carry one time stamp, so a file this young gets no marker
_GLANCE = 0.2  # seconds between two looks at a download that another thread makes

Progress = Callable[[int, int | None], object]
"""Called as progress(done, total) in bytes while files are downloaded; total is None as long as it is not known.

What it raises stops the download and reaches the caller. Nothing of an unfinished file stays behind.
"""


@dataclass(frozen=True)
class ModelFile:
    """A file that a model needs: name inside the folder, size in bytes (None: nobody has said it), sha256 as text."""

    name: str
    size: int | None
    sha256: str


def total(sizes: Iterable[int | None]) -> int | None:
    """Return the sum of sizes in bytes; None where one of them is not known."""
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)


class _UnreachableError(WeightsError):
    """The Hub gave no answer; a copy in the cache will do, where there is one."""


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


# --- Downloads -------------------------------------------------------------------------------------------------------


class _Download:
    """What comes from one repository: to one thread at a time, seen by all that wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, tuple[int, int | None]] = {}  # bytes that are here, and in all
        self._report: Progress | None = None
        self._stop: BaseException | None = None

    @contextlib.contextmanager
    def turn(self, report: Progress | None, sizes: Mapping[str, int | None]) -> Iterator[None]:
        """Wait until no other thread downloads from here, telling how far it is; then have the place to oneself."""
        while not self._lock.acquire(timeout=_GLANCE if report else -1):
            if report:
                report(*self._state())
        try:
            self._files = {name: (0, size) for name, size in sizes.items()}
            self._report, self._stop = report, None
            self._tell()
            yield
        finally:
            self._report = self._stop = None
            self._lock.release()

    def set(self, name: str, done: int, size: int | None = None) -> None:
        """Say how many bytes of a file are here, and how many it has, where that is known by now."""
        known = self._files.get(name, (0, None))[1]
        self._files[name] = done, known if size is None else size
        self._tell()

    def check(self) -> None:
        """Raise again what the progress has raised, where the client has swallowed it."""
        if self._stop is not None:
            raise self._stop

    def bar(self, name: str) -> type | None:
        """Return what the client takes for a class of progress bars; None, for its own, where nobody wants to know."""
        download = self
        if self._report is None:
            return None

        class Bar:
            def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
                self.update(initial)

            def __enter__(self) -> "Bar":
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def update(self, count: float | None = 1) -> None:
                download.set(name, download._files[name][0] + int(count or 0))

            def __getattr__(self, _: str) -> Callable[..., None]:
                return lambda *_, **__: None  # nothing is drawn, and bytes are counted once

        return Bar

    def _state(self) -> tuple[int, int | None]:
        files = list(self._files.values())
        return sum(done for done, _ in files), total(size for _, size in files) if files else None

    def _tell(self) -> None:
        self.check()
        if self._report is not None:
            try:
                self._report(*self._state())
            except BaseException as error:
                self._stop = error
                raise


_downloads: dict[str, _Download] = {}  # one for each repository, so that two threads that want the same cause one


def find(
    task: str, name: str, files: Sequence[ModelFile], repo_id: str | None, revision: str | None,
    progress: Progress | None = None,
) -> Path:  # fmt: skip
    """Return the folder that holds all the files of a registered model, each checked by size and sha256.

    weights/<task>-<name> is used when it holds any of them; else the Hub repository at the commit `revision`. A file
    that arrived damaged, or was changed in the Hub's cache, is downloaded anew, once. Two threads that want the same
    files cause one download; one that waits may raise from its progress, which stops its waiting alone.
    """
    folder = weights_root() / f"{task}-{name}"
    if repo_id is None or any((folder / file.name).exists() for file in files):
        for file in files:
            ours = f"weights/{folder.name}/{file.name}"
            mend = Phrase("restore it with 'git checkout -- {ours}' or make a new clone", ours=ours)
            verify(folder / file.name, file, mend)
        return folder
    download = _downloads.setdefault(repo_id, _Download())
    with download.turn(progress, {file.name: file.size for file in files}):
        folders = {_hub_file(download, repo_id, revision or "", file.name, file).parent for file in files}
    return folders.pop()


def present(task: str, name: str, files: Sequence[ModelFile], repo_id: str | None, revision: str | None) -> bool:
    """Return whether find() would need no download. Looks at names only, makes no request."""
    folder = weights_root() / f"{task}-{name}"
    if repo_id is None or any((folder / file.name).exists() for file in files):
        return True
    return all(_cached(repo_id, revision or "", file.name) is not None for file in files)


def fetch(repo_id: str, revision: str | None = None) -> Path:
    """Return the local folder of a Hub repository made by save_pretrained; the folder's name is the commit.

    revision: a branch, a tag or a commit; None is the main branch. A commit that is in the cache needs no network.
    Raises UnknownModelError when there is no such repository, WeightsError for anything else that is in the way.
    """
    branch, download = revision or "main", _downloads.setdefault(repo_id, _Download())
    with download.turn(None, dict.fromkeys(FILES)):
        commit = branch
        if not _COMMIT.fullmatch(branch):
            try:
                commit = _get(download, repo_id, branch, FILES[0]).parent.name
            except _UnreachableError:  # then the one that it was the last time will do
                cached = _cached(repo_id, branch, FILES[0])
                if cached is None:
                    raise
                commit = cached.parent.name
        folders = {_hub_file(download, repo_id, commit, name, None).parent for name in FILES}
    return folders.pop()


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
    size = path.stat().st_size
    download.set(name, size, size)
    return path


def _check(path: Path, pin: ModelFile | None, mend: str) -> None:
    """Verify a file of the Hub's cache by its pin, or by the sha256 that the Hub gave with it, where it did.

    The cache's entry is a link to a file named by its ETag, the sha256 for large files. Only one link is read, because
    behind it may be a store shared by repositories, which names files in another way.
    """
    name = Path(os.readlink(path)).name if path.is_symlink() else ""
    if pin or _SHA256.fullmatch(name):
        verify(path, pin or ModelFile(path.name, None, name), mend)


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
    download: _Download, repo_id: str, revision: str, name: str, file: ModelFile | None = None, *, force: bool = False
) -> Path:
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url

    try:
        # One question first, asked once. Left to itself, hf_hub_download asks a Hub that is away for 23 seconds.
        url = hf_hub_url(repo_id, name, revision=revision)
        offered = get_hf_file_metadata(url, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        # Without a commit it is not the Hub that answers, and hf_hub_download says so.
        if file is None or offered.commit_hash is None or file.size is None or offered.size in (None, file.size):
            download.set(name, 0, offered.size)
            bar = download.bar(name)
            path = hf_hub_download(repo_id, name, revision=revision, force_download=force, tqdm_class=bar)
            download.check()
            return Path(path)
    except Exception as error:  # the Hub's own errors, its HTTP library's, and the disk's: all become one sentence
        download.check()
        raise _refused(error, repo_id, revision, name) from error
    raise WeightsError(
        "The Hub repository {repo_id} offers {name!r} with {size} bytes instead of {expected}, "
        "so it was not downloaded; update DeepArt, or choose another model.",
        repo_id=repo_id, name=name, size=offered.size, expected=file.size,
    )  # fmt: skip


def _refused(error: Exception, repo_id: str, revision: str, name: str) -> DeepArtError:
    from huggingface_hub import constants, errors

    what = Phrase("The file {name!r} of the Hub repository {repo_id}", name=name, repo_id=repo_id)
    known = {"what": what, "repo_id": repo_id, "revision": revision, "cache": constants.HF_HUB_CACHE}
    sentences: tuple[tuple[type[Exception], type[DeepArtError], str], ...] = (
        (errors.GatedRepoError, WeightsError,
         "The Hub repository {repo_id} is gated; accept its terms on its page, then log in with 'hf auth login'."),
        (errors.RepositoryNotFoundError, UnknownModelError,
         "There is no Hub repository {repo_id}, or it is private; check the name, or log in with 'hf auth login'."),
        (errors.RevisionNotFoundError, WeightsError,
         "The Hub repository {repo_id} has no revision {revision!r}; name one that it has."),
        (errors.RemoteEntryNotFoundError, WeightsError,
         "{what} does not exist at {revision!r}; a model that save_pretrained made has it."),
        (errors.OfflineModeIsEnabled, _UnreachableError,
         "{what} is not on this machine, and HF_HUB_OFFLINE forbids the download; unset it, or use another model."),
    )  # fmt: skip
    for kind, ours, sentence in sentences:
        if isinstance(error, kind):
            return ours(sentence, **known)
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
    if isinstance(error, OSError) and not isinstance(error, errors.LocalEntryNotFoundError):
        if error.errno is None:
            return WeightsError("{what} arrived incomplete; try again.", what=what)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return WeightsError("{what} does not fit on the disk; free some space in {cache}.", **known)
        return WeightsError("{what} was not stored in {cache}: {reason}.", reason=error.strerror, **known)
    return _UnreachableError(
        "{what} is not on this machine, and the Hub cannot be reached; check the connection, or use another model.",
        **known,
    )


# --- Is it the file that was published -------------------------------------------------------------------------------


def verify(path: Path, file: ModelFile, mend: str = "get it again from where it came from") -> None:
    """Check a file's size and sha256, or find the marker of an earlier check of the same, unchanged file.

    mend: what the user can do about a bad file; it ends the sentence of the WeightsError.
    """
    try:
        real = path.resolve(strict=True)  # the Hub's cache holds links
        before = _state(real)
    except OSError as error:
        raise unreadable(path, error, mend) from error
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
            write_files(marker.parent, {marker.name: before})


def _state(path: Path) -> bytes:
    """Return what changes when a file changes. The inode's own time is in it because a program cannot set that back."""
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}\n".encode()
