"""python -m deepart: see deepart/cli."""

from deepart.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
