"""What can go wrong, as one small family: catch DeepArtError to catch them all.

Each message is one sentence for the person who caused it: what came, and what would do instead. It keeps the template
and the values that it was made of, so that a page can say it in another language.
"""

from collections.abc import Mapping
from typing import Self


class Phrase(str):
    """Text made of a template and values: Phrase("at {size} pixels", size=512) is the str "at 512 pixels".

    template: as str.format takes it. values: text, numbers, and phrases in a phrase; anything else becomes text.
    """

    template: str
    values: Mapping[str, str | int | float]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Without values, the template is text as it stands, braces included."""
        plain = {name: value if isinstance(value, str | int | float) else str(value) for name, value in values.items()}
        phrase = super().__new__(cls, template.format(**plain) if plain else template)
        phrase.template, phrase.values = template, plain
        return phrase


class DeepArtError(Exception):
    """Base of every error that DeepArt raises on purpose: OptionError("The size is {size}; ...", size=3)."""

    def __init__(self, template: str, /, **values: object) -> None:
        self.phrase = template if isinstance(template, Phrase) else Phrase(template, **values)
        """The sentence, with the template and the values that it was made of."""
        super().__init__(self.phrase)


class ImageError(DeepArtError):
    """A picture that cannot be read, or is too small or too large for the job."""


class OptionError(DeepArtError, ValueError):
    """A number, name or list outside what the option takes."""


class UnknownModelError(DeepArtError, LookupError):
    """A model name that is neither registered, nor a local folder, nor a Hub repository."""


class UnsupportedError(DeepArtError):
    """Something that this model cannot do, although another model of the same task can."""


class WeightsError(DeepArtError):
    """A weight file or config that is missing, damaged, tampered with, or made for another network."""


class MemoryLimitError(DeepArtError):
    """A job that needs more memory than the machine or the configured bound has."""
