from __future__ import annotations

import pytest
from hypothesis import given, settings

from moefit.errors import UsageError
from moefit.formats import preset
from moefit.launch.command import parse
from moefit.launch.help_page import parse_help
from moefit.launch.precedence import parse_ini
from tests.formats import refusals
from tests.formats.argvs import COMMANDS

CAUSES = {
    "line break": r"[\n\r]",
    "semicolon": ";",
    "number sign": "#",
    "space at an end": "^ | $",
    "tab at an end": r"^\t|\t$",
    "byte that is no UTF-8": r"[\ud800-\udfff]",
}


def write(line: str) -> str:
    return preset.write(parse(line.split()), "qwen3")


def test_options_become_keys() -> None:
    assert (
        "[qwen3]\nmodel = a.gguf\nctx-size = 4096\nkv-offload = false\ncpu-moe = true\n"
        "override-tensor = blk[.](1|2)[.]ffn=CPU\nfit = off\n"
        == write("llama-server -m a.gguf -c 4096 -nkvo -cmoe -ot blk[.](1|2)[.]ffn=CPU --fit off")
    )


def test_an_option_with_a_spelling_more_is_the_same_option() -> None:
    page = "-ot, --override-tensor, --tensors X   x\n--api-key, --key KEY   x\n"
    line = "llama-server -ot a=CPU --api-key sesame -ot b=CPU"
    command = parse(line.split(), parse_help("llama-server", page))
    assert "[m]\n; set on the router's own line: --key\ntensors = a=CPU,b=CPU\n" == preset.write(command, "m")


def test_what_is_the_routers_business_is_a_comment_without_its_value() -> None:
    assert "[qwen3]\n; set on the router's own line: --port --api-key\nctx-size = 1\n" == write(
        "llama-server --port 80 --api-key sesame -c 1"
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--alias", "a;b"], "semicolon of --alias"),
        (["--alias", "a#b"], "number sign of --alias"),
        (["--alias", "a\nb"], "line break of --alias"),
        (["--alias", " a"], "space at an end of --alias"),
        (["--control-vector-layer-range", "1", "2"], "two values"),
        (["-r", "a", "-r", "b"], "--reverse-prompt more than once"),
        (["-ot", "exps=CUDA0", "-cmoe"], "in the order -cmoe, -ncffn, -ncmoe, -ot"),
    ],
)
def test_what_cannot_be_carried_is_refused(argv: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        preset.write(parse(["llama-server", *argv]), "x")


@pytest.mark.parametrize("name", ["", "*", "default", "a]b", "a\nb", "a;b", " a"])
def test_a_name_that_is_no_section_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot have a section"):
        preset.write(parse(["-c", "1"]), name)


@settings(deadline=None)
@given(COMMANDS)
def test_values_come_back_or_are_refused(argv: list[str]) -> None:
    command = parse(argv)
    try:
        text = preset.write(command, "x")
    except UsageError as error:
        refusals.check(error, argv, CAUSES)
        return
    section = parse_ini(text, "models.ini")["x"]
    expected = {
        s.option.name.lstrip("-"): expected_value(s) for s in preset.settings_of(command, "a test", ())
    }
    expected.pop("api-key", None)
    assert expected == section


def expected_value(setting: preset.Setting) -> str:
    return setting.value if setting.option.arity else ("true" if setting.positive else "false")
