"""The Chinese README says what the English one says: its commands, its numbers, and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENGLISH = (ROOT / "README.md").read_text("utf-8")
CHINESE = (ROOT / "README.zh.md").read_text("utf-8")
NUMBER = re.compile(r"(?<![\w.,])\.?\d+(?:[.,]\d+)*")
HEADING = re.compile(r"^#{1,3} (.+)$", re.M)


def blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n.*?^```$", text, re.S | re.M)


def rows(text: str) -> list[list[str]]:
    """The cells of all rows of tables, but for those of heads, which hold words."""
    lines = re.findall(r"^\| (.+) \|$", text, re.M)
    return [cells for cells in (re.split(r" \|(?: |$)", line) for line in lines) if numbers(cells)]


def numbers(cells: list[str]) -> list[str]:
    return [cell.strip() for cell in cells[1:] if re.search(r"\d", cell)]


def test_each_links_to_the_other() -> None:
    assert "\n[中文](README.zh.md)\n" in ENGLISH
    assert "\n[English](README.md)\n" in CHINESE


def test_commands_and_code_are_the_same() -> None:
    assert blocks(CHINESE) == [block for block in blocks(ENGLISH) if block in blocks(CHINESE)]
    assert len(blocks(CHINESE)) >= 6
    english = " ".join(ENGLISH.split())
    for said in re.findall(r"`([^`\n]*(?:python|pip|apt-get) [^`\n]*)`", CHINESE):
        assert f"`{said}`" in english, said


def test_each_row_of_a_table_is_in_the_english_one() -> None:
    known = [numbers(cells) for cells in rows(ENGLISH)]
    assert len(rows(CHINESE)) > 30
    assert [cells for cells in rows(CHINESE) if numbers(cells) not in known] == []


def test_no_number_is_new() -> None:
    known = set(NUMBER.findall(ENGLISH)) | {"5000"}  # in Chinese fifty million are counted in ten thousands
    assert "50 megapixels" in ENGLISH
    assert sorted(set(NUMBER.findall(CHINESE)) - known) == []


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", CHINESE) + re.findall(r'src="([^"]+)"', CHINESE))
def test_what_it_links_to_exists(link: str) -> None:
    path, _, part = link.partition("#")
    assert (ROOT / path).is_file()
    if part:
        assert part in {heading.lower().replace(" ", "-").replace(",", "") for heading in HEADING.findall(ENGLISH)}
