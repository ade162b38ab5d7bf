"""Small files that would make a reader take much: each is one line, within two seconds of CPU and 200 MiB."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from moefit.errors import InputError
from moefit.gguf import allowance
from moefit.gguf.header import SkippedText
from moefit.gguf.reader import KEPT_STRING, MAX_STRING
from moefit.gguf.scanner import MAX_PAIRS, MAX_TENSORS, scan
from moefit.gguf.split import read_header
from tests.gguf import raw
from tests.gguf.raw import BytesSource, Raw
from tests.gguf.test_split import part

CODE = """
import resource, sys
from moefit.errors import InputError
from moefit.gguf.split import read_header
from moefit.model import build
try:
    build(sys.argv[1], read_header(sys.argv[1]))
    message = ""
except InputError as error:
    message = error.message
peak = int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) >> 10
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime, peak, message)
"""


def header(pairs: int = 0, tensors: int | None = None) -> Raw:
    """The start of a header that promises so many pairs beyond the architecture."""
    return Raw(pair_count=1 + pairs, tensor_count=tensors).text("general.architecture", "llama")


def sparse(path: Path, start: Raw, pairs: list[bytes], hole: int) -> str:
    """A file whose pairs are followed by a hole each, which takes no room on the disk."""
    with path.open("wb") as file:
        file.write(start.header())
        for pair in pairs:
            file.write(pair)
            file.seek(hole, os.SEEK_CUR)
        file.truncate(file.tell() + 64)
    return str(path)


def texts(path: Path) -> str:
    pairs = [Raw().string(f"s{n}") + struct.pack("<IQ", raw.STRING, 16 << 20) for n in range(60)]
    return sparse(path, header(60), pairs, 16 << 20)


def kept_texts(path: Path) -> str:
    pairs = [Raw().string(f"s{n}") + struct.pack("<IQ", raw.STRING, KEPT_STRING) for n in range(500)]
    return sparse(path, header(500), pairs, KEPT_STRING)


def arrays(path: Path) -> str:
    kind = struct.pack("<IIQ", raw.ARRAY, raw.UINT64, 4096)
    count = min(20_000, MAX_PAIRS - 1)
    return sparse(path, header(count), [Raw().string(f"a{n}") + kind for n in range(count)], 8 * 4096)


def keys(path: Path) -> str:
    pairs = [Raw().string(f"{n:065000d}") + struct.pack("<IB", raw.UINT8, 0) for n in range(2000)]
    path.write_bytes(header(2000).header() + b"".join(pairs))
    return str(path)


def tokens(path: Path) -> str:
    many = struct.pack("<IIQ", raw.ARRAY, raw.STRING, 4_000_000)
    return sparse(path, header(1), [Raw().string("t") + many], 32_000_000)


def long_tokens(path: Path) -> str:
    """Each string ends a chunk, so that each costs a read."""
    many = struct.pack("<IIQ", raw.ARRAY, raw.STRING, 4_000_000)
    start = header(1).header() + Raw().string("t") + many
    with path.open("wb") as file:
        file.write(start)
        for _ in range(5000):
            file.write(struct.pack("<Q", 1 << 20))
            file.seek(1 << 20, os.SEEK_CUR)
        file.truncate()
    return str(path)


def tensors(path: Path, count: int = MAX_TENSORS, name: str = "odd.{}") -> str:
    many = header()
    for key in ("block_count", "context_length", "embedding_length"):
        many.pair(f"llama.{key}", raw.UINT32, "I", 1)
    many.pair("llama.attention.layer_norm_rms_epsilon", raw.FLOAT32, "f", 1e-5)
    many.pair_count = 5
    for n in range(count):
        many.tensor(name.format(n), (8,), offset=32 * n)
    path.write_bytes(many.file(32 * count))
    return str(path)


def crowded(path: Path) -> str:
    return tensors(path, name="blk.0.odd{}.weight")


def many_tensors(path: Path) -> str:
    return tensors(path, 65_536)


def same_file(path: Path) -> str:
    """A set of 400 links to one file."""
    names = [path.with_name(f"m-{n + 1:05d}-of-00400.gguf") for n in range(400)]
    names[0].write_bytes(part(0, 400, ["t"]) + bytes(1 << 20))
    for name in names[1:]:
        name.hardlink_to(names[0])
    return str(names[0])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (texts, "has no tensors"),
        (kept_texts, "a header that keeps more than 64 MiB is absurd"),
        (arrays, "a header that keeps more than 64 MiB is absurd"),
        (keys, "a header that keeps more than 64 MiB is absurd"),
        (tokens, "has no tensors"),
        (long_tokens, "a header of more than 256 MiB is absurd"),
        (tensors, ""),
        (crowded, "block 0 has more than 1024 tensors"),
        (many_tensors, "a header with 65536 tensors is absurd"),
        (same_file, "is the same file as"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_bomb_costs_little(write, message, tmp_path):
    path = write(tmp_path / "bomb.gguf")
    done = subprocess.run(
        [sys.executable, "-c", CODE, path], capture_output=True, text=True, check=True, timeout=60
    )
    seconds, peak, said = done.stdout.rstrip("\n").split(" ", 2)

    assert message in said
    assert (float(seconds) < 3, int(peak) < 200) == (True, True), done.stdout


def test_a_string_too_long_to_be_kept_is_passed_over():
    found = scan(BytesSource(Raw().text("k", b"x" * (KEPT_STRING + 1)).text("after", "v").file()))

    assert {"k": SkippedText(KEPT_STRING + 1), "after": "v"} == found.metadata


def test_a_string_that_is_just_kept_is_kept():
    found = scan(BytesSource(Raw().text("k", b"x" * KEPT_STRING).file()))

    assert "x" * KEPT_STRING == found.metadata["k"]


def test_a_string_longer_than_llama_cpp_takes_is_an_error():
    long = Raw().string("k") + struct.pack("<IQ", raw.STRING, MAX_STRING + 1)

    with pytest.raises(InputError, match=f"the value of 'k' of {MAX_STRING + 1} bytes is absurd"):
        scan(BytesSource(Raw(pairs=[long]).file(64), size=1 << 40))


def test_time_that_is_over_ends_the_reading(monkeypatch):
    now = iter(range(100))
    monkeypatch.setattr(allowance, "process_time", lambda: next(now))
    strings = Raw().array("t", raw.STRING, 30, (struct.pack("<Q", 1 << 20) + bytes(1 << 20)) * 30)

    with pytest.raises(InputError, match="a header that takes more than 2 s to read is absurd"):
        scan(BytesSource(strings.file()))


def test_the_files_of_a_set_share_one_allowance():
    fat = [
        Raw()
        .pair("split.no", raw.UINT16, "H", n)
        .pair("split.count", raw.UINT16, "H", 3)
        .text("x", b"x" * (1 << 20))
        for n in range(3)
    ]
    for n in range(30):
        for header in fat:
            header.text(f"y{n}", b"y" * (1 << 20))
    files = {f"m-0000{n + 1}-of-00003.gguf": header.file() for n, header in enumerate(fat)}

    with pytest.raises(InputError, match=r"m-00003-of-00003.gguf: a header that keeps more than 64 MiB"):
        read_header("m-00001-of-00003.gguf", lambda name: BytesSource(files[name], name=name))


def test_a_set_ends_at_its_first_fault():
    files = {f"m-{n + 1:05d}-of-00400.gguf": part(0, 400, [f"t{n}"]) for n in range(400)}
    opened = []

    def opener(name):
        opened.append(name)
        return BytesSource(files[name], name=name)

    with pytest.raises(InputError, match="does not belong to the same set"):
        read_header("m-00001-of-00400.gguf", opener)

    assert ["m-00001-of-00400.gguf", "m-00002-of-00400.gguf"] == opened


@pytest.mark.parametrize("link", [os.link, os.symlink], ids=["hard", "symbolic"])
def test_a_link_in_a_set_is_named(link, tmp_path):
    first, second = (tmp_path / f"m-0000{n}-of-00002.gguf" for n in (1, 2))
    first.write_bytes(part(0, 2, ["t"]))
    link(first, second)

    with pytest.raises(InputError) as caught:
        read_header(str(first))

    assert f"{second}: is the same file as {first}" == caught.value.message
