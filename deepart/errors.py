"""What can go wrong, as one small family: catch DeepArtError to catch them all.

Each message is one sentence for the person who caused it: what came, and what would do instead.
"""

from __future__ import annotations


class DeepArtError(Exception):
    """Base of every error that DeepArt raises on purpose."""


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
