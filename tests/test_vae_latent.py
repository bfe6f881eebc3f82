import io
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from vae_lively import drawing, spatial_vae, vector_vae

from deepart import Latent, OptionError
from deepart.images import save_png
from deepart.pipelines import vae_latent

MEAN, STD = torch.randn(1, 4, 2, 3), torch.full((1, 4, 2, 3), 0.25)


def latent(**changes: Any) -> Latent:
    return Latent(
        **{"mean": MEAN, "std": STD, "size": (20, 16), "model": "pictures", "version": "0123456789ab"} | changes
    )


def same(a: Latent, b: Latent) -> bool:
    numbers = torch.equal(a.mean, b.mean) and torch.equal(a.std, b.std)
    return numbers and (a.size, a.model, a.version) == (b.size, b.model, b.version)


# -------------------------------------------------------------------------------------------------------------- latent


nan, inf = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"mean": MEAN * nan}, "The mean of the latent holds numbers that are not finite or beyond 10,000;"),
        ({"std": STD * nan}, "The std of the latent holds numbers that are not finite"),
        ({"std": STD * 0}, "The latent has a deviation that is not above 0;"),
        ({"mean": [1.0]}, "The mean of the latent is of type list; it must be a tensor of fractions."),
        ({"mean": MEAN.int()}, "The mean of the latent is of type torch.int32; it must be"),
        ({"mean": MEAN[0]}, "The mean of the latent has the shape (4, 2, 3); it must be (1, channels, h, w) or"),
        ({"mean": MEAN[..., :0]}, "The mean of the latent has the shape (1, 4, 2, 0); it must be"),
        ({"std": STD[..., :2]}, "The latent has 4x2x3 means and 4x2x2 deviations; it must have as many"),
        ({"size": (15, 16)}, "The width is 15; it must be a whole number of pixels from 16 to 4096."),
        ({"size": (16, 4097)}, "The height is 4097; it must be"),
        ({"size": 16}, "The size is 16; it must be a width and a height in pixels."),
        ({"model": 5}, "The model of the latent is 5; it must be a name."),
        ({"version": ""}, "The version of the latent is ''; it must be a name."),
    ],
)
def test_what_no_latent_has_gets_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        latent(**changes)
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


# --------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("make", [spatial_vae, vector_vae])
def test_a_saved_latent_of_a_picture_makes_the_same_picture_and_is_small(tmp_path: Path, make: Any) -> None:
    vae = make()
    made = vae.encode(drawing(75, 40))
    made.save(tmp_path / "a.safetensors")
    again = Latent.load(tmp_path / "a.safetensors")
    assert same(made, again)
    assert vae.decode(again).tobytes() == vae.decode(made).tobytes()
    assert vae.decode(again).info == vae.decode(made).info
    numbers = 2 * made.mean.numel()
    assert (tmp_path / "a.safetensors").stat().st_size < 2 * numbers + 400


def test_a_latent_comes_from_an_open_file_too(tmp_path: Path) -> None:
    latent().save(tmp_path / "a")
    with (tmp_path / "a").open("rb") as file:
        assert same(Latent.load(file), latent())
    assert same(Latent.load(io.BytesIO((tmp_path / "a").read_bytes())), latent())


WORDS = {"task": "vae", "model": "pictures", "version": "0123456789ab", "size": [20, 16]}


def packed(words: Any = WORDS, **tensors: torch.Tensor) -> bytes:
    notes = {"deepart": json.dumps(words)} if words is not None else None
    return safetensors.torch.save({"mean": MEAN, "std": STD} | tensors, notes)


def with_header(change: dict[str, Any]) -> bytes:
    data = packed()
    [length] = struct.unpack_from("<Q", data)
    header = json.dumps(json.loads(data[8 : 8 + length]) | change).encode()
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def picture_file() -> bytes:
    file = io.BytesIO()
    save_png(drawing(32, 32), file)
    return file.getvalue()


class Evil:
    """What runs when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("the file's code has run",))


def torch_file() -> bytes:
    file = io.BytesIO()
    torch.save({"mean": MEAN, "std": STD}, file)
    return file.getvalue()


ENTRY = {"dtype": "F32", "shape": [1, 4, 2, 3], "data_offsets": [0, 96]}
DAMAGED = "The file is damaged or cut short; save the latent again."
UNNAMED = "The file does not say which model made its numbers, so they cannot be used;"
BAD_FILES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "The file is empty, not a latent; give one that was saved here as a safetensors file."),
    "a pickle": (pickle.dumps(Evil()), "The file is a Python pickle, not a latent;"),
    "a torch file": (torch_file(), "The file is a ZIP archive, not a latent;"),
    "a picture": (picture_file(), "The file is PNG, not a latent;"),
    "text": (b"hello, I am not a latent at all", "The file is text, not a latent;"),
    "cut in the header": (packed()[:60], DAMAGED),
    "cut in the numbers": (packed()[:-1], DAMAGED),
    "too long": (packed() + b"\0", DAMAGED),
    "only a length": (packed()[:8], "The file is of an unknown kind, not a latent;"),
    "a broken header": (packed()[:9] + b"\xff" + packed()[10:], DAMAGED),
    "an entry that is no entry": (with_header({"mean": 5}), DAMAGED),
    "a shape that does not fit": (with_header({"mean": ENTRY | {"shape": [1, 4, 2, 2]}}), DAMAGED),
    "a shape that is huge": (with_header({"mean": ENTRY | {"shape": [1, 2**40, 2**40, 2**40]}}), DAMAGED),
    "tensors that overlap": (with_header({"mean": ENTRY | {"data_offsets": [96, 192]}}), DAMAGED),
    "another tensor": (packed(more=torch.ones(1)), "The file holds other tensors than those of a latent;"),
    "one tensor": (safetensors.torch.save({"mean": MEAN}), "The file holds other tensors than those of a latent;"),
    "no words": (packed(None), UNNAMED),
    "words of another task": (packed(WORDS | {"task": "gan"}), UNNAMED),
    "words too many": (packed(WORDS | {"colour": "red"}), UNNAMED),
    "a bad size": (packed(WORDS | {"size": [1e9, 1]}), "The width is 1000000000.0; it must be a whole number"),
    "a model without a name": (packed(WORDS | {"model": None}), "The model of the latent is None; it must be a name."),
    "no number": (packed(mean=MEAN * nan), "The mean of the latent holds numbers that are not finite"),
    "unequal shapes": (packed(std=STD[:, :2].clone()), "The latent has 4x2x3 means and 2x2x3 deviations;"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_one_sentence(tmp_path: Path, name: str) -> None:
    data, sentence = BAD_FILES[name]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    for source, words in (
        (io.BytesIO(data), sentence),
        (path, sentence.replace("The file", f"The file {path.name!r}")),
    ):
        with pytest.raises(OptionError) as caught:
            Latent.load(source)
        assert str(caught.value).startswith(words)
        assert str(caught.value).endswith(".")
        assert str(tmp_path) not in str(caught.value)


def test_a_file_cut_anywhere_gets_a_sentence() -> None:
    data = packed()
    for end in range(0, len(data), 7):
        with pytest.raises(OptionError):
            Latent.load(io.BytesIO(data[:end]))


def test_a_file_that_is_too_large_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae_latent, "MAX_BYTES", 100)
    file = io.BytesIO(packed())
    with pytest.raises(OptionError, match=r"^The file has more than 0 million bytes; save it smaller\.$"):
        Latent.load(file)
    assert file.tell() == 101


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere/a.safetensors", "There is no file 'a.safetensors'; check the name and try again."),
        (".", "The path is that of a folder; name a file in it."),
        (5, "The latent is of type int; give a path or a file open in binary mode."),
        (io.StringIO("text"), "The file object cannot be read from its start; give a path or a file open in binary"),
    ],
)
def test_what_is_no_file_gets_a_sentence(source: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        Latent.load(source)
    assert str(caught.value).startswith(sentence)


def test_what_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"^The file 'a' cannot be written; check that its folder exists"):
        latent().save(tmp_path / "nowhere" / "a")
    with pytest.raises(OptionError, match="The file for the latent is 5; give a name"):
        latent().save(5)  # type: ignore[arg-type]
