"""What the page says, in Simplified Chinese, by what it says in English.

Each module is a part of the page. WORDS: words and sentences; "{name}" stands for a value, in both languages.
SENTENCES: what is recognised after it was put together, as errors and names of pictures are; "{}" stands for each value
in English, and "{0}", "{1}" for the first, the second in Chinese.
"""

from __future__ import annotations

from deepart.ui.chinese import generate, how, mistakes, models, reconstruct, serving, shared, style

MODULES = (shared, how, models, generate, reconstruct, style, mistakes, serving)
WORDS: dict[str, str] = {english: there for module in MODULES for english, there in module.WORDS.items()}
SENTENCES: dict[str, str] = {english: there for module in MODULES for english, there in module.SENTENCES.items()}
