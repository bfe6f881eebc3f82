"""Open the page: python app.py, then visit the address that it prints."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

TASKS = ("gan", "vae", "style")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line; ends the program with a sentence where one is wrong."""
    parser = argparse.ArgumentParser(prog="app.py", description="DeepArt in a browser.")
    parser.add_argument("--host", help="address to listen on (default: GRADIO_SERVER_NAME, else this machine only)")
    parser.add_argument(
        "--port", type=int, help="port (default: GRADIO_SERVER_PORT, else the first free one from 7860)"
    )
    parser.add_argument("--share", action="store_true", help="also open a public link through Gradio's servers")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best there is)")
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
        "--allow-any-repo",
        action="store_true",
        help="let visitors load models from any Hub repository that save_pretrained made, up to 300 MB each",
    )
    options = parser.parse_args(arguments)
    if options.port is not None and not 1 <= options.port <= 65535:
        parser.error(f"--port is {options.port}; it must be a number from 1 to 65535.")
    if options.max_queue < 1:
        parser.error(f"--max-queue is {options.max_queue}; it must be 1 or more.")
    if options.memory_limit is not None and not 0 < options.memory_limit <= 1e6:
        parser.error(f"--memory-limit is {options.memory_limit:g}; it must be a number of GB above 0.")
    return options


def launch(studio: Any, options: argparse.Namespace, **more: Any) -> Any:
    """Open the page over the models of a studio and return it; more goes to Gradio's launch()."""
    from deepart.ui import build_app, launch_options

    page = build_app(studio).queue(max_size=options.max_queue)
    page.launch(
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        root_path=options.root_path,
        **launch_options(page),
        **more,
    )
    return page


def main() -> None:
    """Open the page and keep it open."""
    options = parse()
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # Gradio reads it when it is imported
    from deepart import DeepArtError, Studio

    try:
        limit = None if options.memory_limit is None else int(1e9 * options.memory_limit)
        studio = Studio(device=options.device, memory_limit=limit, allow_any_repo=options.allow_any_repo)
        for task in TASKS:
            for name in getattr(options, task):
                studio.add(task, name)
    except DeepArtError as error:
        raise SystemExit(f"app.py: {error}") from None
    launch(studio, options)


if __name__ == "__main__":
    main()
