"""Open the page: python app.py, then visit the address that it prints."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

TASKS = ("gan", "vae", "style")
THREADS = 40  # of Gradio's, as it has without being asked; each visitor in the queue has one on top
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def make_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(
        prog="app.py", description="DeepArt in a browser.", allow_abbrev=False,
        epilog="Each option can also be given by the environment variable in brackets; the command line goes before "
        "it. There a switch is 1 or 0, and several models have commas between them.",
    )  # fmt: skip
    parser.add_argument("--host", help="address to listen on (default: GRADIO_SERVER_NAME, else this machine only)")
    parser.add_argument(
        "--port", type=int, help="port (default: GRADIO_SERVER_PORT, else the first free one from 7860)"
    )
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    parser.add_argument("--device", help="cuda, cuda:1 and so on, mps or cpu (default: the best there is)")
    parser.add_argument("--root-path", help="path under which a proxy shows the page, such as /deepart")
    parser.add_argument("--max-queue", type=int, default=20, help="visitors that may wait (default: %(default)s)")
    parser.add_argument(
        "--memory-limit", type=float, metavar="GB", help="memory for models (default: half of what there is to spare)"
    )
    for task in TASKS:
        parser.add_argument(
            f"--{task}", action="append", default=[], metavar="MODEL",
            help=f"put one more {task} model into the menu: a folder, or a Hub repository, that save_pretrained made",
        )  # fmt: skip
    parser.add_argument(
        "--disk-limit", type=float, metavar="GB", default=5.0,
        help="room for visitors' files; above it the oldest go before their day is over (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--preload", action="store_true", help="load the models that are here before the page opens")
    parser.add_argument("--metrics", action="store_true", help="answer GET /metrics with numbers for Prometheus")
    parser.add_argument("--mcp", action="store_true", help="offer the endpoints as tools of MCP, at /gradio_api/mcp")
    for action in options_of(parser):
        action.help = f"{action.help} [{variable(action)}]"
    return parser


def options_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the options that an environment variable can give, too."""
    return [action for action in parser._actions if action.dest != "help"]


def variable(action: argparse.Action) -> str:
    """Return the name of the environment variable of an option."""
    return f"DEEPART_{action.dest.upper()}"


def files_folder() -> str:
    """Return the folder for uploads and results, of nobody else: what is old in it is deleted.

    Ends the program with a sentence where nothing can be written into one that was named.
    """
    named = os.environ.get("GRADIO_TEMP_DIR")
    try:
        usual = os.path.join(tempfile.gettempdir(), "deepart")
        me = os.getuid() if hasattr(os, "getuid") else None
        for folder in [named] if named else [usual, f"{usual}-{'own' if me is None else me}"]:
            with contextlib.suppress(OSError):
                os.makedirs(folder, mode=0o700, exist_ok=True)
                if not named and me not in (None, os.lstat(folder).st_uid):
                    continue  # somebody else's, even where all may write
                tempfile.TemporaryFile(dir=folder).close()
                return folder
        if not named:
            return tempfile.mkdtemp(prefix="deepart-")
    except OSError:
        pass
    raise SystemExit(
        f"app.py: Nothing can be written into {named or 'the temporary folder'}; name a folder of your own in "
        f"{'GRADIO_TEMP_DIR' if named else 'TMPDIR'}."
    )


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line and the environment; ends the program with a sentence on a wrong one."""
    parser = make_parser()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args([*from_environment(parser, arguments), *arguments])
    if options.port is not None and not 1 <= options.port <= 65535:
        parser.error(f"--port is {options.port}; it must be a number from 1 to 65535.")
    if options.max_queue < 1:
        parser.error(f"--max-queue is {options.max_queue}; it must be 1 or more.")
    if options.memory_limit is not None and not 0 < options.memory_limit <= 1e6:
        parser.error(f"--memory-limit is {options.memory_limit:g}; it must be a number of GB above 0.")
    if not 0 < options.disk_limit <= 1e6:
        parser.error(f"--disk-limit is {options.disk_limit:g}; it must be a number of GB above 0.")
    return options


def from_environment(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """Return the options that environment variables give and the command line does not, as words of a command line."""
    given = {word.split("=", 1)[0] for word in arguments}
    words = []
    for action in options_of(parser):
        value, option = os.environ.get(variable(action), ""), action.option_strings[0]
        if not value or option in given:
            continue
        if action.nargs == 0:  # a switch
            if value.lower() not in YES + NO:
                parser.error(f"{variable(action)} is {value!r}; it must be one of {', '.join(YES + NO)}.")
            words += [option] if value.lower() in YES else []
        else:
            several = isinstance(action.default, list)
            words += [f"{option}={one.strip()}" for one in (value.split(",") if several else [value])]
    return words


def prepare() -> None:
    """Make the environment ready for Gradio and torch, which read it when they are imported."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")  # after each event Gradio counts all that it has kept
    if importlib.util.find_spec("spaces") is not None:  # on ZeroGPU it comes before anything asks torch about CUDA
        importlib.import_module("spaces")


def launch(studio: Any, options: argparse.Namespace, **more: Any) -> Any:
    """Open the page over the models of a studio and return it; more goes to Gradio's launch()."""
    from deepart.ui import build_app, launch_options
    from deepart.ui.serving import serving_options

    page = build_app(studio).queue(max_size=options.max_queue)
    page.launch(
        max_threads=THREADS + options.max_queue,
        _frontend=False,  # all that it does: Gradio does not end the server where that does not answer it in 3 seconds
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        root_path=options.root_path,
        state_session_capacity=page.state_session_capacity,
        **launch_options(page),
        **serving_options(
            page, studio, metrics=options.metrics, mcp=options.mcp, disk_limit=int(1e9 * options.disk_limit)
        ),
        **more,
    )
    return page


def main() -> None:
    """Open the page and keep it open."""
    options = parse()
    os.environ["GRADIO_TEMP_DIR"] = files_folder()  # Gradio reads it when it is imported
    prepare()
    from deepart import DeepArtError, Studio

    if isinstance(sys.stdout, io.TextIOWrapper):  # else a name that it cannot write would end the program
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        limit = None if options.memory_limit is None else int(1e9 * options.memory_limit)
        studio = Studio(device=options.device, memory_limit=limit)
        for task in TASKS:
            for name in getattr(options, task):
                studio.add(task, name)
        if options.preload:
            for task, name in studio.preload():
                print(f"Loaded the {task} model {name}.", flush=True)
        launch(studio, options)
    except DeepArtError as error:
        raise SystemExit(f"app.py: {error}") from None


if __name__ == "__main__":
    main()
