"""Programs and lines of builds that moefit was not checked with: nothing breaks, and what is not counted is said."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from moefit.launch.builds import CHECKED, RANGE
from moefit.launch.options import Option, builtin
from tests.cli.test_commands import CARD, moefit  # noqa: F401 - fixtures

NEW = [
    Option(("--alpha",), values=("N",)),
    Option(("--beta",)),
    Option(("-gm", "--gamma"), values=("FNAME",)),
]


def page(options: list[Option]) -> str:
    """A page of --help that lists these options."""
    lines = []
    for option in options:
        words = ", ".join((*option.spellings, *option.negations))
        lines.append(f"{words} {' '.join(option.values)}".rstrip() + "    what it does")
        if option.choices and "|" not in option.values[0] and not option.values[0].startswith(("{", "<")):
            lines.append(f"        allowed values: {', '.join(option.choices)} (default: x)")
        if option.env:
            lines.append(f"        (env: {option.env})")
    return "\n".join(lines)


@pytest.fixture
def newer(tmp_path: Path) -> str:
    """A llama-server with three options and a KV type that no table has, without --swa-full."""
    options = [o for o in builtin("llama-server").options if o.name != "--swa-full" and not o.removed]
    types = [
        Option(o.spellings, o.negations, o.values, (*o.choices, "f8_e4m3"), o.env)
        if o.name == "--cache-type-k"
        else o
        for o in options
    ]
    (tmp_path / "page").write_text(page([*types, *NEW]))
    program = tmp_path / "llama-server"
    program.write_text(f"#!/bin/sh\ncase $1 in --help) cat {tmp_path}/page;; *) exit 1;; esac\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return str(program)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_what_a_newer_program_lists_is_passed_on(moefit, whole, newer):  # noqa: F811 - fixtures
    line = "--alpha 3 --beta -gm x.bin -ctk f8_e4m3 -c 8192"
    status, out, _ = moefit("args", *CARD, "--", newer, "-m", whole, *line.split())
    assert (0, True) == (status, line in out)


def test_options_whose_memory_is_not_counted_are_said_in_one_line(moefit, whole, newer):  # noqa: F811
    _, _, err = moefit("args", *CARD, "--", newer, "-m", whole, "--alpha", "3", "--beta", "-gm", "x.bin")
    told = [line for line in err.splitlines() if "not counted" in line]
    assert [
        f"moefit: warning: --alpha, --beta, --gamma: passed on, but memory is not counted: they are not in llama.cpp {RANGE}"
    ] == told


def test_a_kv_type_of_a_newer_program_counts_as_a_known_one(moefit, whole, newer):  # noqa: F811
    _, _, err = moefit("args", *CARD, "--", newer, "-m", whole, "-ctk", "f8_e4m3")
    assert "-ctk f8_e4m3: a value that" in err
    assert "counted as q8_0" in err


@pytest.mark.parametrize("words", ["-c auto", "--moe-cache-mib auto", "-ncmoe auto"])
def test_a_word_of_a_newer_program_is_passed_on_and_counts_as_not_set(moefit, whole, newer, words):  # noqa: F811
    saved = Path(newer).with_name("page")
    name, _ = words.split()
    spelled = builtin("llama-server").get(name).name
    saved.write_text(saved.read_text().replace(f"{spelled} N ", f"{spelled} [N|auto] "))
    status, out, err = moefit("args", *CARD, "--", newer, "-m", whole, *words.split())
    assert (0, True, 1) == (status, words in out, err.count(f"{words}: a word that llama.cpp"))


def test_an_option_that_a_newer_program_no_longer_has_is_left_out_and_said(moefit, whole, newer):  # noqa: F811
    status, out, err = moefit("args", *CARD, "--", newer, "-m", whole, "--swa-full")
    assert (0, False, True) == (status, "--swa-full" in out, "--swa-full is left out" in err)


def test_a_page_of_help_stands_for_a_program(moefit, whole, newer):  # noqa: F811
    saved = str(Path(newer).with_name("page"))
    status, out, _ = moefit(
        "args", *CARD, "--build", saved, "--", "llama-server", "-m", whole, "--alpha", "3"
    )
    assert (0, True) == (status, "--alpha 3" in out)


def test_a_build_that_is_neither_number_nor_page_is_refused(moefit, whole):  # noqa: F811
    status, out, err = moefit("args", *CARD, "--build", "newest", "--", "llama-server", "-m", whole)
    assert (2, "") == (status, out)
    assert "--build newest: no build number and no file" in err


@pytest.mark.parametrize(("build", "taken"), [("b6000", "b11434"), ("20000", "b11549")])
def test_a_build_that_was_not_checked_has_the_rules_of_the_nearest(moefit, whole, build, taken):  # noqa: F811
    _, _, err = moefit("plan", *CARD, "--build", build, "--", "llama-server", "-m", whole)
    said = f"moefit: note: --build {build}: options and memory are taken as those of {taken}, the nearest"
    assert 1 == err.count(said)


@pytest.mark.parametrize("build", ["b11434", "b11500", "11549"])
def test_of_a_checked_build_nothing_is_said(moefit, whole, build):  # noqa: F811
    assert "--build" not in moefit("plan", *CARD, "--build", build, "--", "llama-server", "-m", whole)[2]


def test_a_file_that_is_no_page_of_help_is_refused(moefit, whole, tmp_path):  # noqa: F811
    (tmp_path / "notes").write_text("nothing\n")
    status, _, err = moefit("args", *CARD, "--build", str(tmp_path / "notes"), "--", "-m", whole)
    assert (2, True) == (status, "no page of llama-server --help" in err)


def test_the_version_names_the_checked_builds(moefit):  # noqa: F811
    assert f"for llama.cpp b{CHECKED[0]} to b{CHECKED[-1]}\n" in moefit("--version")[1]


def test_devices_names_the_checked_builds(moefit):  # noqa: F811
    assert RANGE in moefit("devices", *CARD)[1]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("", "version: 1.0.0 (build 12600, commit x)"),
        (">&2", "version: 12345 (abc)"),
        ("; exit 1", "b12191"),
        (">&2; exit 1", "1.0.0"),
        (">&2; exit 1", "version: 1.0.0 (build 12600, commit x)"),
        ("; exit 1", "version: 12345 (abc)"),
    ],
)
def test_a_page_is_read_wherever_it_is_and_whatever_the_version_looks_like(moefit, whole, newer, end, said):  # noqa: F811
    saved = Path(newer).with_name("page")
    Path(newer).write_text(
        f"#!/bin/sh\ncase $1 in --help) cat {saved} {end};; --version) echo '{said}' >&2;; *) exit 1;; esac\n"
    )
    status, out, err = moefit("args", *CARD, "--", newer, "-m", whole, "--alpha", "3", "--beta", "--swa-full")
    assert (0, True, True) == (status, "--alpha 3 --beta" in out, "--swa-full is left out" in err)


def test_a_program_that_lists_no_options_is_said_to_be_mute_and_not_missing(moefit, whole, newer):  # noqa: F811
    Path(newer).write_text("#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n")
    status, _, err = moefit("args", *CARD, "--", newer, "-m", whole)
    assert (0, True, False) == (status, "--help lists no options" in err, "was found" in err)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("--alpha auto", 0),
        ("--no-delta", 0),
        ("--pair 1 2", 0),
        ("--pair 1", 2),
        ("--kind b", 0),
        ("--kind d", 0),
        ("--kind a,b", 0),
        ("--alpha=3", 2),
        ("--alhpa 3", 2),
    ],
)
def test_of_an_option_that_no_table_has_the_page_says_what_it_takes(moefit, whole, newer, words, status):  # noqa: F811
    more = "--delta, --no-delta   x\n--pair A B   x\n--kind {a,b}   x (default: a)\n"
    with Path(newer).with_name("page").open("a") as file:
        file.write(f"\n{more}")
    found, out, _ = moefit("args", *CARD, "--", newer, "-m", whole, *words.split())
    assert (status, status == 0) == (found, words in out)


@pytest.mark.parametrize("kind", ["variable", "config"])
def test_what_is_set_before_the_line_is_said_as_well(moefit, whole, newer, tmp_path, monkeypatch, kind):  # noqa: F811
    with Path(newer).with_name("page").open("a") as file:
        file.write("\n--delta N    x\n    (env: LLAMA_ARG_DELTA)\n")
    if kind == "variable":
        monkeypatch.setenv("LLAMA_ARG_DELTA", "3")
        monkeypatch.setenv("LLAMA_ARG_CACHE_TYPE_K", "f8_e4m3")
    else:
        folder = tmp_path / "llama.cpp"
        folder.mkdir()
        (folder / "config.ini").write_text("[*]\ndelta = 3\ncache-type-k = f8_e4m3\nswa-full = true\n")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    status, _, err = moefit("args", *CARD, "--", newer, "-m", whole)
    assert (0, True, True) == (status, "--delta: passed on" in err, "counted as q8_0" in err)


def test_a_unit_of_a_newer_program_says_the_same(moefit, whole, newer):  # noqa: F811
    status, out, err = moefit(
        "unit", "--name", "x", *CARD, "--", newer, "-m", whole, "--alpha", "3", "--swa-full"
    )
    assert (0, True, False) == (status, "--alpha 3" in out, "--swa-full" in out)
    assert "--alpha: passed on" in err


@pytest.mark.parametrize(("tag", "cached"), [("server-cuda-b11434", False), ("server-cuda-b12191", True)])
def test_a_container_has_the_build_that_its_images_tag_names(moefit, whole, tag, cached):  # noqa: F811 - fixtures
    image = f"ghcr.io/ggml-org/llama.cpp:{tag}"
    docker = ["docker", "run", "--gpus", "all", "-v", f"{Path(whole).parent}:/m", image]
    line = ["-m", f"/m/{Path(whole).name}", "-c", "8192", "--moe-cache-mib", "4000"]
    _, out, _ = moefit("args", *CARD, "--", *docker, *line)
    assert (True, cached) == (image in out, "--moe-cache-mib 4000" in out)
