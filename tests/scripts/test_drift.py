"""Which differences of a newer llama.cpp are new, against what docs/llama-cpp-builds.md tells already."""

from __future__ import annotations

import pytest

from scripts.drift import PAGE, kept, page, told, untold

TOLD = [
    "model a -c 8192",
    "    RPC0 compute 12.00 -> 0.96 MiB (-11.04)",
    "model b",
    "    Host compute 1.00 -> 2.00 MiB",
]
OPTIONS = ["new: `--turbo N`, `--flag`", "gone: `--old`"]


def text_of(changed: list[str], options: list[str]) -> str:
    return f"# Builds\n\n{page('12000', 9, changed, options)}\n\nMore.\n"


@pytest.mark.parametrize("options", [[], OPTIONS, OPTIONS[1:]])
@pytest.mark.parametrize("changed", [[], TOLD])
def test_what_the_page_tells_is_not_new(changed: list[str], options: list[str]) -> None:
    assert [] == untold(told(text_of(changed, options)), changed, options)


def test_another_model_another_difference_and_another_option_are_new() -> None:
    changed = [*TOLD[:3], "    Host compute 1.00 -> 3.00 MiB", "model c", "    RPC0 compute 1.00 -> 2.00 MiB"]
    options = ["new: `--turbo N`, `--flag`, `--more`", "gone: `--old`"]
    expected = ["\n".join(changed[2:4]), "\n".join(changed[4:]), options[0]]
    assert expected == untold(told(text_of(TOLD, OPTIONS)), changed, options)


def test_the_page_as_it_stands_can_be_read() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.split("```\n")[1].splitlines() == "\n".join(told(text).changed).splitlines()
    assert f"b{told(text).build}; {told(text).asked} recorded questions" in text


@pytest.mark.parametrize(
    ("number", "asked", "expected"),
    [
        ("12000", 5, (9, [*TOLD, "model c"])),
        ("12000", 10, (10, ["model c"])),
        ("12001", 5, (5, ["model c"])),
    ],
    ids=["fewer of the same build", "more of it", "another build"],
)
def test_a_smaller_sample_of_the_same_build_takes_no_difference_away(
    number: str, asked: int, expected: tuple[int, list[str]]
) -> None:
    assert expected == kept(told(text_of(TOLD, [])), number, asked, ["model c"])
