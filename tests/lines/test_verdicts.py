"""Every public line gets a verdict: a plan with a line, a plan that does not fit, or one line that says what is wrong."""

from __future__ import annotations

import pytest

from moefit.errors import MoefitError
from moefit.formats import shell
from moefit.launch.seen import in_front
from tests.lines.worlds import planned, rows, words

REFUSED = {
    "P01": "is a router: plan its models one by one",
    "W07": "device CUDA0 does not support split buffers",
    "W16": "takes no argument that is not an option: ' #'|takes no argument that is not an option:  #",
    "W31": "has no option --ngl",
    "I01": "an option of ik_llama.cpp",
    "I02": "does not support different K and V cache types",
    "I04": "an option of ik_llama.cpp",
    "B01": "takes no argument that is not an option: ^",
    "O05": "moefit plans for one value, and this is a list",
    "O19": "ssh runs the command on another machine",
}
"""What is said of those for which there is nothing to plan."""
PLANNED = [name for name in rows() if name not in REFUSED]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with the files that lines name by relative paths, empty; and no variables of the developer's."""
    (tmp_path / "models").mkdir()
    for row in rows().values():
        for word in words(row):
            if word.startswith("models/") and word.endswith(".gguf"):
                (tmp_path / word).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("MOEFIT_LLAMA", raising=False)


@pytest.mark.parametrize("name", REFUSED)
def test_a_line_that_cannot_be_planned_is_refused_in_one_line(name):
    with pytest.raises(MoefitError) as error:
        planned(rows()[name])
    assert any(part in error.value.message for part in REFUSED[name].split("|"))
    assert "\n" not in error.value.message


@pytest.mark.parametrize("name", PLANNED)
def test_a_line_that_can_be_planned_keeps_its_words_or_does_not_fit(name):
    made = planned(rows()[name])
    own = [word for argument in made.kept for word in argument.words]
    assert made.fits == bool(made.argv)
    assert not made.fits or own == [w for w in made.argv if w in own][: len(own)]


@pytest.mark.parametrize("name", PLANNED)
def test_what_is_printed_is_planned_again_as_it_is(name):
    made = planned(rows()[name])
    if made.fits:
        line = {**rows()[name], "line": shell.write(in_front(made.argv, made.environment))}
        again = planned(line)
        assert (in_front(made.argv, made.environment), {}) == (again.argv, again.environment)
