"""Files of a line are looked for in the folder in which its wrappers start the program."""

from __future__ import annotations

import pytest

from moefit.app.start_folder import as_started
from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.precedence import effective


def model(wrapper: str, path: str = "m/a.gguf") -> str | None:
    command = parse([*wrapper.split(), "llama-server", "-m", path])
    return as_started(constraints(command.name, effective(command)), command).model.path


@pytest.mark.parametrize(
    ("wrapper", "expected"),
    [
        ("", "m/a.gguf"),
        ("nice -n 5", "m/a.gguf"),
        ("env -C /srv", "/srv/m/a.gguf"),
        ("env --chdir=/srv", "/srv/m/a.gguf"),
        ("env -C srv nice env -C sub", "srv/sub/m/a.gguf"),
        ("sudo -D /srv -u me", "/srv/m/a.gguf"),
        ("sudo -u me", "m/a.gguf"),
        ("sudo -i env -C /srv", "/srv/m/a.gguf"),
        ("systemd-run --scope", "m/a.gguf"),
        ("systemd-run --user --same-dir", "m/a.gguf"),
        ("systemd-run -p MemoryMax=9G -p WorkingDirectory=/srv", "/srv/m/a.gguf"),
        ("systemd-run -p WorkingDirectory=-/srv", "/srv/m/a.gguf"),
        ("systemd-run --working-directory=/srv", "/srv/m/a.gguf"),
    ],
)
def test_a_relative_path_begins_where_the_program_starts(wrapper: str, expected: str) -> None:
    assert expected == model(wrapper)


@pytest.mark.parametrize(
    "wrapper",
    [
        "systemd-run --user",
        "systemd-run -p WorkingDirectory=~",
        "sudo -i",
        "sudo -iu me",
        "pkexec",
        "runuser -l me",
    ],
)
def test_no_path_is_relative_to_a_folder_that_the_line_does_not_name(wrapper: str) -> None:
    with pytest.raises(
        UsageError, match=f"m/a.gguf: {wrapper.split(maxsplit=1)[0]} starts the program in a folder"
    ):
        model(wrapper)
    assert "/m/a.gguf" == model(wrapper, "/m/a.gguf")
