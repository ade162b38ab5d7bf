"""Text from outside that a pattern could search for ever: 100 KB of it is read, or refused, at once."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from moefit.errors import BrokenError, MoefitError
from moefit.launch.builds import read_version
from moefit.launch.help_page import parse_help
from moefit.launch.hints import has_macro
from moefit.launch.precedence import parse_ini
from moefit.llama import server
from moefit.llama.devices import parse_list
from moefit.machine.assumed import _NEW_LAPTOP
from moefit.machine.catalogue import card_of_driver, find_card
from moefit.machine.declared import _parse_compute
from moefit.machine.modules import parse_modules, read_modules
from moefit.machine.specs import each, split_spec
from moefit.planning.smaller_file import _HUB_CACHE
from moefit.shown import masked_text, secrets_of
from moefit.sizes import MIB, parse_bandwidth, parse_size

if TYPE_CHECKING:
    from collections.abc import Callable

_LENGTH = 100_000
_BOUND = 2.0
"""Seconds of CPU: each takes some milliseconds, and what searches from every place took 5 to 40."""


def _long(text: str) -> str:
    return text * (_LENGTH // len(text))


def _slot(locator: str) -> object:
    """What udev's record says of a module in a slot of that name."""
    fields = {"SIZE": "1", "TYPE": "DDR5", "SPEED_MTS": "5600", "LOCATOR": locator}
    return read_modules("".join(f"E:MEMORY_DEVICE_0_{key}={value}\n" for key, value in fields.items()))


_SPACES, _DIGITS, _LETTERS = _long(" "), _long("1"), _long("a")

_READERS: tuple[tuple[str, Callable[[str], object], tuple[str, ...]], ...] = (
    ("devices", parse_list, ("\n" * _LENGTH, _SPACES, "  CUDA0: " + _long("("), _long("  A0: x (1 MiB, "))),
    ("log", server._ERROR.match, (_long("ggml"), _long("CUDA error"), _long("error"))),
    ("config", lambda text: parse_ini(text, "f"), ("\n" * _LENGTH, _SPACES, _long("[a"), "a=" + _long("a="))),
    (
        "secrets",
        lambda text: secrets_of([text], {}),
        (_long("a://b:"), "@" + _long("a://b:"), _long("=a:") + "/@"),
    ),
    (
        "message",
        masked_text,
        (_long("http://"), _long("a://b:") + "@ =", _long("key='"), "a=" + _long("_key")),
    ),
    ("help", lambda text: parse_help("p", f"  -a, --alpha {text}"), (_long("["), _long("<"), _long("{"))),
    ("version", read_version, (_long("build "), _long("1."), "\n" * _LENGTH)),
    ("macro", has_macro, (_long("{{"), _long("${"), _long("%a"))),
    (
        "count",
        lambda text: list(each([text])),
        (_DIGITS + "!", _long("1x"), f"1x{_SPACES}\n\n", _long("x 1")),
    ),
    ("key", split_spec, (f"free{_LETTERS}1=3", _long("a "))),
    ("size", parse_size, (f"1{_SPACES}!", _DIGITS)),
    ("bandwidth", parse_bandwidth, (_SPACES, f"360{_SPACES}/s!")),
    ("compute", _parse_compute, (f"1{_SPACES}!", _DIGITS)),
    ("rating", parse_modules, (f"ddr5-5600{_SPACES}!", _DIGITS)),
    ("slot", _slot, (_SPACES, _long("CH "), _long("DIMM"))),
    ("card", find_card, (f"3060{_SPACES}8gb!", _long("("))),
    ("driver", lambda text: card_of_driver(text, MIB), (_long("("), _long("a "))),
    ("repository", _HUB_CACHE.search, ("/models" + _long("-"), _long("/models--a--"))),
    ("laptop", _NEW_LAPTOP.match, (_long("RTX 4090 "),)),
)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        pytest.param(read, text, id=f"{name}-{number}")
        for name, read, texts in _READERS
        for number, text in enumerate(texts)
    ],
)
def test_long_text_is_read_or_refused_at_once(read: Callable[[str], object], text: str) -> None:
    begun = time.process_time()
    with suppress(MoefitError):
        read(text)
    assert _BOUND > time.process_time() - begun


def test_a_line_that_no_driver_prints_is_no_device() -> None:
    with pytest.raises(BrokenError, match=r"CUDA0: x+ cannot be a device"):
        parse_list(f"Available devices:\n  CUDA0: {'x' * 5000} (24 MiB, 24 MiB free)\n")


def test_a_word_too_long_to_look_for_its_user_is_shown_not_at_all() -> None:
    word = f"https://me:{'p' * 5000}@host/m.gguf"
    assert ("no such file: ***", frozenset({word})) == (
        masked_text(f"no such file: {word}"),
        secrets_of([word], {}),
    )


def test_the_first_name_of_a_backend_leads_to_the_error_behind_it() -> None:
    found = server._ERROR.match("ggml: CUDA: a HIP error: none")
    assert found is not None
    assert found[0] == "ggml: CUDA: a HIP error:"
