"""In Chinese: sentences of errors, of the page and of the whole package."""

from __future__ import annotations

WORDS: dict[str, str] = {}

SENTENCES: dict[str, str] = {}
