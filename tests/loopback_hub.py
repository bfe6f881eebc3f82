"""A Hugging Face Hub on this machine's loopback address, with the faults that a real one can have.

It speaks as much of the Hub as downloading files takes: HEAD and GET of /{repo}/resolve/{revision}/{file}, with the
Hub's headers and error codes. It also takes what the client's `hf upload` sends to a repository's main branch, with
large files by the LFS protocol; the client's other way, Xet, is switched off in environment(). Every request is
recorded, so a test can say how many there were.

    with LoopbackHub() as hub, hub.used(monkeypatch, tmp_path):
        hub.add("org/name", "0" * 40, {"config.json": b"{}"})
        ...
"""

import base64
import dataclasses
import functools
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from deepart import registry
from deepart.hub import ModelFile

ROUTE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
PREUPLOAD = re.compile(r"/api/models/([^/]+/[^/]+)/preupload/main")
BATCH = re.compile(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch")
OBJECT = re.compile(r"/lfs/([0-9a-f]{64})")
COMMIT = re.compile(r"/api/models/([^/]+/[^/]+)/commit/main")
TOKEN = "loopback"


class LoopbackHub:
    """The server; faults are set as attributes and hold until changed.

    repos: files by repository and commit; refs: commit by (repository, branch or tag).
    missing, gated: repositories that are refused so. status: answer everything with this status, 0 for normal.
    strange: answer everything with a page that is not the Hub's, as the login page of a hotel's network does.
    flipped, short, cut: how many more GET bodies of a file name come with a flipped byte, too short for what HEAD said,
    or broken off in the middle. hold: requests wait while it is cleared. requests: (method, path) of all so far.
    objects: large files that were uploaded, by sha256; a commit puts them into a repository.
    """

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, dict[str, bytes]]] = {}
        self.refs: dict[tuple[str, str], str] = {}
        self.missing: set[str] = set()
        self.gated: set[str] = set()
        self.status = 0
        self.strange = False
        self.flipped: Counter[str] = Counter()
        self.short: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.hold = threading.Event()
        self.hold.set()
        self.requests: list[tuple[str, str]] = []
        self.objects: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False  # so that closing waits for them, and no socket outlives the test
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.open = False

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LoopbackHub":
        self._thread.start()
        self.open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Go away, as a Hub that is down: from now on connections are refused."""
        if self.open:
            self.open = False
            self.hold.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def add(self, repo: str, commit: str, files: Mapping[str, bytes], branch: str = "main") -> None:
        self.repos.setdefault(repo, {})[commit] = dict(files)
        self.refs[repo, branch] = commit

    def commit(self, repo: str, added: Mapping[str, bytes], deleted: Iterable[str] = ()) -> str:
        """Put files into the main branch, and return the new commit."""
        files = dict(self.repos[repo].get(self.refs.get((repo, "main"), ""), {}))
        files = {name: body for name, body in files.items() if name not in set(deleted)} | dict(added)
        state = repr([self.refs.get((repo, "main")), sorted((name, digest(body)) for name, body in files.items())])
        self.add(repo, hashlib.sha1(state.encode()).hexdigest(), files)
        return self.refs[repo, "main"]

    def count(self, method: str, name: str = "") -> int:
        return sum(done == method and path.endswith(name) for done, path in self.requests)

    def environment(self, home: Path) -> dict[str, str]:
        """Return the variables that make a new process use this Hub, with its cache under home."""
        return {
            "HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": "1",
        }  # fmt: skip

    @contextmanager
    def used(self, monkeypatch: Any, home: Path) -> Iterator[None]:
        """Make this process use this Hub, with its cache under home.

        The client reads its variables once, on its first import, which an earlier test may have caused: so its
        constants are changed, which it reads on every call.
        """
        from huggingface_hub import close_session, constants

        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setattr(constants, "ENDPOINT", self.endpoint)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", self.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        close_session()
        try:
            yield
        finally:
            close_session()


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A Hub on this machine's loopback address that has nothing yet, and caches that have nothing either."""
    monkeypatch.setenv("DEEPART_CACHE", str(tmp_path / "marks"))
    with LoopbackHub() as server, server.used(monkeypatch, tmp_path / "hf"):
        yield server


@functools.lru_cache(maxsize=4)  # large files are asked for again and again
def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def offer(hub: LoopbackHub, patch: Any, task: str, name: str, files: Mapping[str, bytes]) -> registry.ModelSpec:
    """Let a Hub have files as those of a registered model, and the registry their sizes and checksums.

    A size that the registry does not know stays unknown.
    """
    spec = registry.get_spec(task, name)
    assert spec.repo_id is not None
    assert spec.revision is not None
    unsized = {file.name for file in spec.files if file.size is None}
    pins = tuple(ModelFile(file, None if file in unsized else len(data), digest(data)) for file, data in files.items())
    changed = dataclasses.replace(spec, files=pins)
    patch.setattr(registry, "REGISTRY", {**registry.REGISTRY, (task, name): changed})
    hub.add(spec.repo_id, spec.revision, files)
    return changed


def is_large(name: str) -> bool:
    """Return whether the Hub keeps a file of this name beside the repository, named by its sha256."""
    return not name.endswith((".json", ".md"))


def _modes(hub: LoopbackHub, repo: str, body: bytes) -> dict[str, Any]:
    """Say for each file whether it goes into the commit or is uploaded before."""
    names = [file["path"] for file in json.loads(body)["files"]]
    modes = {name: "lfs" if is_large(name) else "regular" for name in names}
    return {"files": [{"path": name, "uploadMode": mode, "shouldIgnore": False} for name, mode in modes.items()]}


def _places(hub: LoopbackHub, repo: str, body: bytes) -> dict[str, Any]:
    """Say for each large file where to put it, and nothing for one that is there."""
    found = []
    for wanted in json.loads(body)["objects"]:
        entry = {"oid": wanted["oid"], "size": wanted["size"]}
        if wanted["oid"] not in hub.objects:
            entry["actions"] = {"upload": {"href": f"{hub.endpoint}/lfs/{wanted['oid']}"}}
        found.append(entry)
    return {"transfer": "basic", "objects": found}


def _committed(hub: LoopbackHub, repo: str, body: bytes) -> dict[str, Any]:
    """Put the files of a commit into the repository."""
    added, deleted = {}, []
    for line in map(json.loads, body.splitlines()):
        value = line["value"]
        if line["key"] == "file":
            added[value["path"]] = base64.b64decode(value["content"])
        elif line["key"] == "lfsFile":
            added[value["path"]] = hub.objects[value["oid"]]
        elif line["key"] == "deletedFile":
            deleted.append(value["path"])
    commit = hub.commit(repo, added, deleted)
    return {"commitUrl": f"{hub.endpoint}/{repo}/commit/{commit}", "commitOid": commit}


def _handler(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_POST(self) -> None:
            self._take()

        def do_PUT(self) -> None:
            self._take()

        def _take(self) -> None:
            """Answer a request of an upload; only large files, which go to a store of their own, need no token."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0]
            hub.requests.append((self.command, path))
            hub.hold.wait(20)
            stored = OBJECT.fullmatch(path)
            if hub.status:
                return self._refuse(hub.status, "")
            if stored is None and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._refuse(401, "")
            if stored is not None:
                if digest(body) != stored[1]:
                    return self._refuse(400, "")
                hub.objects[stored[1]] = body
                return self._reply({})
            if path == "/api/repos/create":
                asked = json.loads(body)
                repo = f"{asked['organization']}/{asked['name']}"
                hub.repos.setdefault(repo, {})
                return self._reply({"url": f"{hub.endpoint}/{repo}"})
            if path == "/api/validate-yaml":
                return self._reply({"errors": [], "warnings": []})
            for route, answer in ((PREUPLOAD, _modes), (BATCH, _places), (COMMIT, _committed)):
                match = route.fullmatch(path)
                if match is not None and match[1] in hub.repos:
                    return self._reply(answer(hub, match[1], body))
            return self._refuse(404, "RepoNotFound")

        def _reply(self, found: Mapping[str, Any]) -> None:
            text = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _answer(self, with_body: bool) -> None:
            if self.path != "/api/agent-harnesses":  # the client's own telemetry, once a process, in some environments
                hub.requests.append((self.command, self.path))
            hub.hold.wait(20)
            if hub.strange:
                return self._greet(with_body)
            route = ROUTE.fullmatch(self.path)
            if hub.status or route is None:
                return self._refuse(hub.status or 404, "")
            repo, revision, name = (unquote(part) for part in route.groups())
            if repo in hub.gated:
                return self._refuse(403, "GatedRepo")
            if repo not in hub.repos or repo in hub.missing:
                return self._refuse(401, "RepoNotFound")
            commit = hub.refs.get((repo, revision), revision)
            if commit not in hub.repos[repo]:
                return self._refuse(404, "RevisionNotFound")
            if name not in hub.repos[repo][commit]:
                return self._refuse(404, "EntryNotFound", commit)
            return self._send(commit, name, hub.repos[repo][commit][name], with_body)

        def _refuse(self, status: int, code: str, commit: str = "") -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            if commit:
                self.send_header("X-Repo-Commit", commit)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _greet(self, with_body: bool) -> None:
            page = b"<html>Welcome!</html>"
            self.send_response(200)
            self.send_header("ETag", '"welcome"')
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            if with_body:
                self.wfile.write(page)

        def _send(self, commit: str, name: str, body: bytes, with_body: bool) -> None:
            large = is_large(name)
            etag = digest(body) if large else hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
            total, start = len(body), 0
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if with_body else None
            if asked:
                start = int(asked[1])
            if with_body and self._due(hub.flipped, name):
                body = body[:-1] + bytes([body[-1] ^ 1])
            if with_body and self._due(hub.short, name):
                body = body[: total // 2]
            body = body[start:]
            self.send_response(206 if asked else 200)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{etag}"')
            if large:
                self.send_header("X-Linked-Etag", f'"{etag}"')
                self.send_header("X-Linked-Size", str(total))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body[: len(body) // 2] if self._due(hub.cut, name) else body)

        @staticmethod
        def _due(fault: Counter[str], name: str) -> bool:
            fault[name] -= 1
            return fault[name] >= 0

    return Handler
