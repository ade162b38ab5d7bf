from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.sizes import GIB, MIB, format_bandwidth, format_size, parse_bandwidth, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("32GiB", 32 * GIB),
        ("800MiB", 800 * MIB),
        ("12GB", 12 * 10**9),
        ("11.62GiB", 12476879995),
        ("1048576", MIB),
        ("0", 0),
        ("1.5 GiB", 3 * GIB // 2),
        ("2g", 2 * GIB),
        ("7MB", 7_000_000),
        ("1TiB", 1024 * GIB),
        ("512K", 512 * 1024),
        ("3b", 3),
    ],
)
def test_sizes_are_read_in_binary_and_decimal_units(text: str, size: int) -> None:
    assert size == parse_size(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GiB",
        "12 parsecs",
        "-1GiB",
        "1e9",
        "1,5GiB",
        "nan",
        "inf",
        "1.2.3",
        "0x10",
        "9" * 21,
        "9999999TiB",
        "٣GiB",
    ],
)
def test_what_is_no_size_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError, match="not a size") as caught:
        parse_size(text)
    assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("text", "bandwidth"),
    [
        ("360GB/s", 360 * 10**9),
        ("25GiB/s", 25 * GIB),
        ("360GB", 360 * 10**9),
        ("6600000000", 6_600_000_000),
        ("1.8 TB/s", 1_800_000_000_000),
        ("54.5GB/sec", 54_500_000_000),
    ],
)
def test_bandwidths_are_bytes_per_second(text: str, bandwidth: int) -> None:
    assert bandwidth == parse_bandwidth(text)


@pytest.mark.parametrize("text", ["fast", "0", "0GB/s", "/s", "10GB/h", "-5GB/s"])
def test_what_is_no_bandwidth_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError, match="not a bandwidth") as caught:
        parse_bandwidth(text)
    assert caught.value.hint is not None


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (12476879995, "11.62 GiB"),
        (GIB, "1.00 GiB"),
        (800 * MIB, "800 MiB"),
        (0, "0 MiB"),
        (MIB // 4, "0.25 MiB"),
        (-3 * MIB, "-3 MiB"),
        (-2 * GIB, "-2.00 GiB"),
    ],
)
def test_sizes_are_printed_in_gib_or_below_that_in_mib(size: int, text: str) -> None:
    assert text == format_size(size)


def test_bandwidths_are_printed_in_the_vendors_unit() -> None:
    assert ["936 GB/s", "54.5 GB/s"] == [format_bandwidth(936 * 10**9), format_bandwidth(54_500_000_000)]


@given(st.integers(MIB, 1 << 50))
def test_a_number_of_bytes_is_read_as_itself(size: int) -> None:
    assert size == parse_size(str(size))


@pytest.mark.parametrize(
    ("parse", "text", "hint"),
    [
        (parse_size, "32", "32GiB, or 32MiB"),
        (parse_size, " 1048575 ", "1048575GiB, or"),
        (parse_bandwidth, "60", "60GB/s"),
    ],
)
def test_a_small_number_without_a_unit_is_a_slip(parse: Callable[[str], int], text: str, hint: str) -> None:
    with pytest.raises(UsageError, match="is a number of bytes") as caught:
        parse(text)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)


@given(st.integers(GIB, 1 << 50))
def test_a_printed_size_reads_back_to_within_its_last_digit(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= GIB // 200
