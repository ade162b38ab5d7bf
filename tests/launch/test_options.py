from __future__ import annotations

import json

import pytest

from moefit.launch import option_data
from moefit.launch.help_page import parse_help
from moefit.launch.options import Option, OptionTable, builtin, from_rows

OLD_HELP = """\
----- common params -----

-h,    --help, --usage                  print usage and exit
-fa,   --flash-attn                     enable Flash Attention (default: disabled)
                                        (env: LLAMA_ARG_FLASH_ATTN)
-nkvo, --no-kv-offload                  disable KV offload
                                        (env: LLAMA_ARG_NO_KV_OFFLOAD)
--mlock                                 force system to keep model in RAM
                                        (env: LLAMA_ARG_MLOCK)
--mmap, --no-mmap                       whether to memory-map model
                                        (env: LLAMA_ARG_MMAP)
-ngl,  --gpu-layers, --n-gpu-layers N   number of layers to store in VRAM
                                        (env: LLAMA_ARG_N_GPU_LAYERS)
-ot,   --override-tensor <tensor name pattern>=<buffer type>,...
                                        override tensor buffer type
"""


@pytest.mark.parametrize(
    ("word", "name"), [("--ctx_size", "--ctx-size"), ("--ctx-size", "--ctx-size"), ("-c", "--ctx-size")]
)
def test_underscores_of_long_options_are_dashes(word: str, name: str) -> None:
    found = builtin("llama-server").lookup(word)
    assert found is not None
    assert name == found[0].name


def test_underscores_of_short_options_are_not_dashes() -> None:
    assert builtin("llama-server").lookup("-no_kvu") is None


def test_every_spelling_leads_to_its_option() -> None:
    for program in option_data.PROGRAMS:
        table = builtin(program)
        for option in table.options:
            assert [(option, True)] * len(option.spellings) == [table.lookup(s) for s in option.spellings]
            assert [(option, False)] * len(option.negations) == [table.lookup(s) for s in option.negations]


def test_negations_are_told_from_what_they_negate() -> None:
    table = builtin("llama-server")
    pairs = {o.spellings: o.negations for o in table.options if o.negations}
    assert ("-nkvo", "--no-kv-offload") == pairs["-kvo", "--kv-offload"]
    assert ("-nr", "--no-repack") == pairs["--repack",]
    assert ("--no-mmproj", "--no-mmproj-auto") == pairs["--mmproj-auto",]
    assert ("--no-ui", "--no-webui") == pairs["--ui", "--webui"]
    assert ("--no-host",) not in pairs.values()


def test_an_option_can_take_two_values() -> None:
    option = builtin("llama-server").get("--control-vector-layer-range")
    assert option is not None
    assert ("START", "END") == option.values


def test_a_value_name_may_hold_spaces() -> None:
    option = builtin("llama-server").get("-ot")
    assert option is not None
    assert 1 == option.arity


def test_removed_options_say_what_to_use() -> None:
    found = builtin("llama-server").lookup("--draft-max")
    assert found is not None
    assert "use --spec-draft-n-max or --spec-ngram-mod-n-max" == found[0].removed


@pytest.mark.parametrize(
    ("rest", "said"), [(". use -x", "use -x"), (". (env: A)", "it is gone"), ("", "it is gone")]
)
def test_an_option_is_removed_whether_or_not_the_page_says_what_to_use(rest: str, said: str) -> None:
    [option] = parse_help("llama-server", f"--old N   the argument has been removed{rest}\n").options
    assert said == option.removed


def test_choices_come_from_brackets_lists_and_descriptions() -> None:
    table = builtin("llama-server")
    assert ("on", "off", "auto") == choices(table, "-fa")
    assert ("none", "layer", "row", "tensor") == choices(table, "-sm")
    assert ("auto", "none", "mmap", "mlock", "mmap+mlock", "dio") == choices(table, "-lm")
    assert ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1") == choices(table, "-ctk")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--new [N]", ()),
        ("--new {FILE}", ()),
        ("--new {fast,exact}", ("fast", "exact")),
        ("--new [on|off]", ("on", "off")),
        ("--new TYPE  x allowed values: q8_0, fp8-e4m3, q4.5 (default: q8_0)", ("q8_0", "fp8-e4m3", "q4.5")),
        ("--new TYPE  x allowed values: q8_0, fp8 (env: LLAMA_ARG_NEW)", ("q8_0", "fp8")),
    ],
)
def test_one_word_alone_names_a_value_and_several_are_choices(line: str, expected: tuple[str, ...]) -> None:
    assert expected == choices(parse_help("llama-server", f"{line}\n"), "--new")


def choices(table: OptionTable, spelling: str) -> tuple[str, ...]:
    option = table.get(spelling)
    assert option is not None
    return option.choices


def test_the_help_of_an_older_build_is_understood() -> None:
    assert (
        Option(("-h", "--help", "--usage")),
        Option(("-fa", "--flash-attn"), env="LLAMA_ARG_FLASH_ATTN"),
        Option(("-nkvo", "--no-kv-offload"), env="LLAMA_ARG_NO_KV_OFFLOAD"),
        Option(("--mlock",), env="LLAMA_ARG_MLOCK"),
        Option(("--mmap",), ("--no-mmap",), env="LLAMA_ARG_MMAP"),
        Option(("-ngl", "--gpu-layers", "--n-gpu-layers"), values=("N",), env="LLAMA_ARG_N_GPU_LAYERS"),
        Option(("-ot", "--override-tensor"), values=("<tensor name pattern>=<buffer type>,...",)),
    ) == parse_help("llama-server", OLD_HELP).options


def test_text_that_is_no_help_gives_an_empty_table() -> None:
    assert () == parse_help("llama-server", "error while loading shared libraries: libfoo.so\n").options


def test_llama_bench_reads_neither_files_nor_variables() -> None:
    assert [True, False] == [builtin(p).reads_environment for p in ("llama-server", "llama-bench")]


def test_a_table_survives_json() -> None:
    table = builtin("llama-server")
    assert table.options == from_rows("llama-server", json.loads(json.dumps(table.rows))).options
