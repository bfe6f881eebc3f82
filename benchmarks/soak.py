"""Whether a server stays well: ten minutes of visitors who upload, cancel, leave, never listen, and come back.

    python -m benchmarks.soak              # writes benchmarks/soak.json; about half an hour
    python -m benchmarks.soak --minutes 1 --light 0 --out soak.json       # one part; 0 leaves the other as it was

The app runs in a process of its own with the models that travel. First come light calls of programs and visitors of the
page, each new: what the server holds after all of them, beside what it held after the first 50. Then visitors of all
kinds at once; half-way the server is killed, as a machine that loses its power, and started again over the same files.
Each visitor sends a picture of one colour of its own and knows it in what comes back. At the end all have left, and it
is counted what stayed: memory, files, half uploads, jobs, and answers that were wrong or another visitor's.

Memory is compared between two moments of rest. A server that has just started has not worked yet, so the first comes
when it has answered some visitors of each kind again; nobody else comes until it has done all its work. The second
comes when all have left.
"""

from __future__ import annotations

import argparse
import collections
import colorsys
import contextlib
import http.client
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.app_page import ROOT, resident
from benchmarks.machine import machine
from benchmarks.startup import HERE

RESULT = HERE / "soak.json"
FIRST = 50  # calls and visitors after which memory is measured first
SOME = 2  # visitors of each kind, after which the server that was started again is measured
ALLOWED = 50.0  # MB on top of that
VISITORS = 200
PATIENCE = 120.0  # seconds for an answer
GONE = 240.0  # seconds in which half uploads must have left, and for each other wait
WORK = ("queue", "running")
SIDE = 64  # pixels


class WrongError(Exception):
    """An answer that is not what was asked for."""


BROKEN = (WrongError, OSError, http.client.HTTPException)
"""How a visit may end badly."""


class Server:
    """The app in a process of its own, on one port and over one folder however often it is started."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self._log = (folder / "log").open("ab")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it takes requests."""
        command = [sys.executable, "app.py", "--port", str(self.port), "--device", "cpu", "--preload", "--metrics"]
        environment = os.environ | {"GRADIO_TEMP_DIR": str(self.files)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log)
        for _ in range(1200):
            with contextlib.suppress(OSError):
                if self.ask("GET", "/healthz")[0] == 200:
                    break
            assert self.process.poll() is None, Path(self._log.name).read_text()[-2000:]
            time.sleep(0.1)
        config = json.loads(self.ask("GET", "/config")[1])
        self.events = {one["api_name"]: one["id"] for one in config["dependencies"] if one["api_name"]}
        known = (one for one in config["dependencies"] if one["backend_fn"] and not one["inputs"])
        loads = (one for one in known if any(target[1] == "load" for target in one["targets"]))
        self.loads = [one["id"] for one in loads]

    def end(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait()

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def state(self) -> dict[str, Any]:
        """Return what it holds now: memory, files, half uploads, jobs."""
        text = self.ask("GET", "/metrics")[1].decode()
        numbers = dict(row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
        sizes = [path.stat().st_size for path in self.files.rglob("*") if path.is_file()]
        return {
            "rss_mb": round(resident(self.process.pid) / 1e6, 1), "files": len(sizes),
            "files_mb": round(sum(sizes) / 1e6, 1), "half_uploads": len(list(self.files.glob("tmp*"))),
            "queue": int(float(numbers["deepart_queue_length"])),
            "running": int(float(numbers["deepart_requests_running"])),
        }  # fmt: skip


class Visitor:
    """Somebody with a colour, a session and a picture of that colour."""

    def __init__(self, server: Server) -> None:
        self.server, self.session = server, uuid.uuid4().hex
        self.color = tuple(round(255 * one) for one in colorsys.hsv_to_rgb(random.random(), 0.9, 0.8))
        packed = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE), self.color).save(packed, "PNG")
        self.picture = packed.getvalue()

    def post(self, path: str, body: Any) -> Any:
        status, answer = self.server.ask("POST", f"/gradio_api/{path}", json.dumps(body).encode())
        if status != 200:
            raise WrongError(f"{path} answers {status}: {answer[:200]!r}")
        return json.loads(answer)

    def upload(self) -> dict[str, Any]:
        """Upload the picture, and return what names it in a call."""
        body, kind = self._form(self.picture)
        status, answer = self.server.ask("POST", "/gradio_api/upload", body, kind)
        if status != 200:
            raise WrongError(f"upload answers {status}")
        return {"path": json.loads(answer)[0], "meta": {"_type": "gradio.FileData"}}

    def upload_half(self) -> None:
        """Begin to upload much, and go."""
        body, kind = self._form(bytes(2_000_000))
        with socket.create_connection(("127.0.0.1", self.server.port)) as line:
            head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
            line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])
            time.sleep(0.2)

    def _form(self, data: bytes) -> tuple[bytes, str]:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{self.session}.png"\r\n'
        body = f"{head}Content-Type: image/png\r\n\r\n".encode() + data + f"\r\n--{mark}--\r\n".encode()
        return body, f"multipart/form-data; boundary={mark}"

    def call(self, endpoint: str, *data: Any) -> str:
        """Ask for something, and return the id of the event without listening for it."""
        event: str = self.post(f"call/{endpoint}", {"data": data, "session_hash": self.session})["event_id"]
        return event

    def listen(self, endpoint: str, event: str, stop: Callable[[Any], bool] = lambda told: False) -> Any:
        """Return what comes last; None where stop() says of something told before that it is enough: then leave."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/gradio_api/call/{endpoint}/{event}")
            kind = ""
            for row in connection.getresponse():
                name, _, value = row.decode().strip().partition(": ")
                kind = value if name == "event" else kind
                if name == "data" and kind in ("complete", "error"):
                    if kind == "error":
                        raise WrongError(f"{endpoint} says {value[:200]}")
                    return json.loads(value)
                if name == "data" and kind == "generating" and stop(json.loads(value)):
                    return None
            raise ConnectionError("The stream has ended without an answer.")
        finally:
            connection.close()

    def fetch(self, path: str) -> bytes:
        status, answer = self.server.ask("GET", f"/gradio_api/file={path}")
        if status != 200:
            raise WrongError(f"a result answers {status}")
        return answer

    def mine(self, data: bytes) -> None:
        """Raise WrongError for a picture that is not of the visitor's colour."""
        with Image.open(io.BytesIO(data)) as image:
            seen = image.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        far = max(abs(a - b) for a, b in zip(seen, self.color, strict=True))  # type: ignore[arg-type]
        if far > 40:
            raise WrongError(f"a picture of {seen} came for one of {self.color}")

    def stylize(self, steps: int) -> str:
        """Ask for a small painting that takes so many steps at each of its levels."""
        file = self.upload()
        return self.call("stylize", file, file, None, None, None, 0.5, False, 1.0, SIDE, 0, None, steps, None, "fine")


# What a visitor of each kind does; it raises WrongError for a wrong answer.


def uploads(visitor: Visitor) -> str:
    """Have a picture taken apart, and look whether it is one's own."""
    path: str = visitor.listen("reconstruct", visitor.call("reconstruct", visitor.upload(), None, {}, None))[0]["path"]
    visitor.mine(visitor.fetch(path))
    return path


def paints(visitor: Visitor) -> None:
    visitor.mine(visitor.fetch(visitor.listen("stylize", visitor.stylize(4))[0]["path"]))


def cancels(visitor: Visitor) -> None:
    event = visitor.stylize(400)
    visitor.listen("stylize", event, lambda told: True)
    event = visitor.stylize(400)
    visitor.post(
        "cancel", {"session_hash": visitor.session, "fn_index": visitor.server.events["stylize"], "event_id": event}
    )


def leaves(visitor: Visitor) -> None:
    visitor.listen("stylize", visitor.stylize(400), lambda told: bool(told[1] and told[1]["step"] > 2))


def never_listens(visitor: Visitor) -> None:
    visitor.stylize(400)


def uploads_half(visitor: Visitor) -> None:
    visitor.upload_half()


def looks(visitor: Visitor) -> None:
    """Open the page, as a browser does first."""
    for event in visitor.server.loads:
        visitor.post("run/predict", {"fn_index": event, "data": [], "session_hash": visitor.session})


KINDS: dict[str, tuple[Callable[[Visitor], Any], float]] = {  # with the seconds between two of a kind
    "upload": (uploads, 1.0), "paint": (paints, 10.0), "cancel": (cancels, 8.0), "leave": (leaves, 10.0),
    "never listen": (never_listens, 30.0), "upload half": (uploads_half, 5.0), "look": (looks, 2.0),
}  # fmt: skip


class Crowd:
    """Visitors of all kinds, one of each at a time, who come again and again until they are told to stay away."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._end, self._down = threading.Event(), threading.Event()
        self.done: collections.Counter[str] = collections.Counter()
        self.wrong: collections.Counter[str] = collections.Counter()
        self.cut_off = 0
        self.first: list[tuple[Visitor, str]] = []  # who comes back, and the result
        self.seconds: list[float] = []
        self._doors = {kind: threading.Lock() for kind in KINDS}
        self._threads = [threading.Thread(target=self._come, args=[kind], daemon=True) for kind in KINDS]
        for thread in self._threads:
            thread.start()

    def _come(self, kind: str) -> None:
        while not self._end.wait(KINDS[kind][1]):
            with self._doors[kind]:
                self._visit(kind)

    def _visit(self, kind: str) -> None:
        began = time.monotonic()
        visitor = Visitor(self._server)
        try:
            made = KINDS[kind][0](visitor)
        except WrongError as error:
            self.wrong[f"{kind}: {error}"] += 1
        except (OSError, http.client.HTTPException):
            if not self._down.is_set() and not self._end.is_set():
                self.wrong[f"{kind}: the connection broke"] += 1
            self.cut_off += 1
        else:
            self.done[kind] += 1
            if kind == "upload":
                self.seconds.append(time.monotonic() - began)
                self.first = [*self.first, (visitor, made)][:20]

    def come_back(self, first: list[tuple[Visitor, str]]) -> int:
        """Let visitors look at what was made for them, and return how many found it."""
        back = 0
        for visitor, path in first:
            try:
                visitor.mine(visitor.fetch(path))
                back += 1
            except BROKEN as error:
                self.wrong[f"come back: {error}"] += 1
        return back

    def answered(self, before: collections.Counter[str]) -> None:
        """Wait until SOME of each kind were answered since others were; a kind of which none is, is wrong."""
        deadline, missing = time.monotonic() + GONE, set(KINDS)
        while missing and time.monotonic() < deadline:
            time.sleep(0.2)
            missing = {kind for kind in KINDS if self.done[kind] < before[kind] + SOME}
        self.wrong.update(f"{kind}: not answered after the restart" for kind in missing)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody come inside, and who is there leave first."""
        with contextlib.ExitStack() as stack:
            for door in self._doors.values():
                stack.enter_context(door)
            yield

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """Expect inside that connections break; their visitors need a moment after it to notice."""
        self._down.set()
        yield
        threading.Timer(5, self._down.clear).start()

    def go(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()


def light(server: Server, calls: int) -> dict[str, Any]:
    """Return what the server holds after the first of many light calls, and after all, each of a new visitor.

    All of the first look at the page as well, and then one in so many, until VISITORS have.
    """
    pause = max(1, (calls - FIRST) // (VISITORS - FIRST))
    looking = {*range(min(calls, FIRST)), *[*range(FIRST, calls, pause)][: VISITORS - FIRST]}
    wrong: collections.Counter[str] = collections.Counter()

    def one(n: int) -> None:
        visitor = Visitor(server)
        name, data = ("generate", [1, n, 0.7, {}, None, None]) if n % 10 == 0 else ("models", [None])
        try:
            visitor.listen(name, visitor.call(name, *data))
            if n in looking:
                looks(visitor)
        except BROKEN as error:
            wrong[f"{name}: {error}"] += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(FIRST)))
        first = server.state()
        list(pool.map(one, range(FIRST, calls)))
    last = server.state()
    return {
        "calls": calls, "visitors": len(looking), "wrong": dict(wrong), "after_first": first, "after_all": last,
        "growth_mb": round(last["rss_mb"] - first["rss_mb"], 1),
    }  # fmt: skip


def at_rest(server: Server, names: Sequence[str] = WORK) -> dict[str, Any]:
    """Return what the server holds once none of these are left, or after a while."""
    deadline = time.monotonic() + GONE
    while any((state := server.state())[name] for name in names) and time.monotonic() < deadline:
        time.sleep(0.5)
    return state


def crowd(server: Server, minutes: float) -> dict[str, Any]:
    """Let visitors of all kinds come for so many minutes, in whose middle the server is killed and started again."""
    found: dict[str, Any] = {"minutes": minutes, "before": server.state()}
    visitors = Crowd(server)
    time.sleep(30 * minutes)
    found["before_the_kill"], first = server.state(), visitors.first
    with visitors.down():
        server.end(signal.SIGKILL)
        server.start()
    before = visitors.done.copy()
    found |= {"made_before_the_kill": len(first), "came_back": visitors.come_back(first)}
    time.sleep(9 * minutes)
    visitors.answered(before)
    with visitors.away():
        found["again_at_rest"] = begin = at_rest(server)
    time.sleep(21 * minutes)
    visitors.go()
    found["all_have_left"] = end = at_rest(server)
    found["after"] = at_rest(server, (*WORK, "half_uploads"))
    found |= {
        "done": dict(visitors.done), "wrong": dict(visitors.wrong), "cut_off_by_the_kill": visitors.cut_off,
        "slowest_upload_s": round(max(visitors.seconds, default=0.0), 1),
        "growth_mb": round(end["rss_mb"] - begin["rss_mb"], 1),
    }  # fmt: skip
    return found


def is_well(result: dict[str, Any]) -> bool:
    """Tell whether nothing was wrong, nothing stayed, and all who came back found what was theirs."""
    parts = [result[name] for name in ("light", "crowd") if name in result]
    good = [not part.get("wrong") and part["growth_mb"] <= ALLOWED for part in parts]
    if many := result.get("crowd"):
        good.append(many["came_back"] == many["made_before_the_kill"] > 0)
        good.append(not any(many["after"][name] for name in (*WORK, "half_uploads")))
    return bool(good) and all(good)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10, help="of visitors of all kinds (default: %(default)s)")
    parser.add_argument("--light", type=int, default=2000, help="light calls before that (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=RESULT, help="file of the result (default: %(default)s)")
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        try:
            result |= {"machine": machine(), "at_start": server.state()}
            if options.light:
                result["light"] = light(server, options.light)
            if options.minutes:
                result["crowd"] = crowd(server, options.minutes)
        finally:
            server.end()
    result["target_met"] = is_well(result)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
