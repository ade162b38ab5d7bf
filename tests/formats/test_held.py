"""Lines inside files: whole paths, names by file, and only what moefit adds."""

from __future__ import annotations

import pytest

from moefit.formats.paths import absolute
from moefit.launch.command import parse


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("llama-server -m a.gguf -c 1", "llama-server -m /home/me/a.gguf -c 1"),
        ("llama-server -m ./m/a.gguf", "llama-server -m /home/me/m/a.gguf"),
        ("llama-server -m ../a.gguf", "llama-server -m /home/me/../a.gguf"),
        ("./llama-server -m /m/a.gguf", "/home/me/llama-server -m /m/a.gguf"),
        (
            "nice build/bin/llama-server -md d.gguf",
            "nice /home/me/build/bin/llama-server -md /home/me/d.gguf",
        ),
        (
            "llama-server --lora a,b --mmproj p",
            "llama-server --lora /home/me/a,/home/me/b --mmproj /home/me/p",
        ),
        ("llama-server --lora-scaled a:0.5", "llama-server --lora-scaled /home/me/a:0.5"),
        ("llama-server -hf u/r -hff a.gguf", "llama-server -hf u/r -hff a.gguf"),
        ("llama-server -m ${models}/a.gguf", "llama-server -m ${models}/a.gguf"),
        ("llama-server.exe -m C:\\m\\a.gguf", "llama-server.exe -m C:\\m\\a.gguf"),
        ("docker run IMAGE -m m/a.gguf", "docker run IMAGE -m m/a.gguf"),
        (
            "llama-server --slot-save-path s --alias a/b",
            "llama-server --slot-save-path /home/me/s --alias a/b",
        ),
    ],
)
def test_paths_are_whole_for_a_reader_elsewhere(line: str, expected: str) -> None:
    assert expected == " ".join(absolute(parse(line.split()), "/home/me").argv)
