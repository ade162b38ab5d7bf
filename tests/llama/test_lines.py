"""No line that moefit prints for a public one is refused by the real llama-server as it reads it, but for what moefit says is of another build."""

import re
import subprocess

import pytest

from moefit.launch.command import parse
from tests.lines.test_verdicts import PLANNED, folder
from tests.lines.worlds import planned, rows

__all__ = ["folder"]
DEVICES = re.compile(r"=(?:CUDA|ROCm|Vulkan)\d+")


def here(arguments):
    """The words with devices that this machine has (the CPU's buffer, no device by name) and llama-swap's port."""
    for argument in arguments:
        if "-dev" in argument.option.spellings:
            continue
        yield from (DEVICES.sub("=CPU", word.replace("${PORT}", "8080")) for word in argument.words)


@pytest.mark.parametrize("name", PLANNED)
def test_a_printed_line_is_read_whole(llama, environment, name):
    made = planned(rows()[name], "b11434")
    if not made.fits or any(warning.code == "uncounted" for warning in made.warnings):
        return
    command = parse(made.argv)
    program = llama / command.name
    ended = subprocess.run(
        [program, *here(command.arguments), "--version"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert 0 == ended.returncode, ended.stderr[-300:]
