"""The commands as scripts see them: streams, exit status, one line for a mistake."""

import json
import re
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from moefit.app.own_options import OWN_OPTIONS
from moefit.cli import main, options
from moefit.cli.commands import COMMANDS
from moefit.cli.options import When
from moefit.cli.output import console
from moefit.launch.options import builtin
from moefit.machine.declared import parse_gpus

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "qwen3-30b-a3b-q4_k_m.gguf")
CARD = ["--gpu", "rtx-3060", "--ram", "32GiB", "--cores", "8"]


@pytest.fixture
def moefit(capsys):
    """Run the program; its exit status, stdout and stderr."""

    def run(*words):
        with pytest.raises(SystemExit) as end:
            main(words)
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


def test_plan_shows_the_line_and_ends_in_0(moefit):
    status, out, _ = moefit("plan", EXAMPLE, *CARD)
    assert (0, True) == (status, "llama-server -m" in out)


def test_plan_json_is_one_document_of_version_1(moefit):
    _, out, _ = moefit("plan", EXAMPLE, *CARD, "--json")
    assert json.loads(out)["version"] == 1


def test_warnings_go_to_stderr_alone(moefit):
    _, out, err = moefit("plan", EXAMPLE, *CARD)
    assert (False, True) == ("warning" in out, "shorter than its header" in err)


def test_output_that_is_no_terminal_has_no_colour(moefit):
    assert "\x1b[" not in moefit("plan", EXAMPLE, *CARD)[1]


def test_colour_can_be_asked_for(moefit):
    assert "\x1b[" in moefit("plan", EXAMPLE, *CARD, "--color", "always")[1]


def test_every_sum_of_a_device_adds_up_to_what_is_free(moefit):
    (device,) = json.loads(moefit("plan", EXAMPLE, *CARD, "--json")[1])["devices"]
    terms = ("model", "context", "compute", "overhead", "reserve", "left")
    assert device["free"] == sum(device[term] for term in terms)


@pytest.mark.parametrize("command", ["args", "run"])
def test_a_header_alone_is_not_run(moefit, command):
    status, out, err = moefit(command, EXAMPLE, *CARD)
    assert (2, "") == (status, out)
    assert "moefit: error:" in err


def test_args_prints_one_line_that_ends_in_fit_off(moefit, whole):
    status, out, _ = moefit("args", whole, *CARD)
    assert (0, 1, True) == (status, out.count("\n"), out.endswith(" --fit off\n"))


def test_run_can_print_instead(moefit, whole):
    assert moefit("args", whole, *CARD)[1] == moefit("run", whole, *CARD, "--dry-run")[1]


@pytest.mark.parametrize("command", [["args"], ["run"], ["unit", "--name", "x"]], ids=lambda words: words[0])
def test_what_does_not_fit_leaves_stdout_empty_and_ends_in_1(moefit, large, command):
    status, out, err = moefit(*command, *CARD[:2], "--ram", "1GiB", "--", "-m", large, "-c", "4096")
    assert (1, "") == (status, out)
    assert "lacks" in err


def test_plan_shows_the_shortfall_of_what_does_not_fit(moefit):
    status, out, _ = moefit("plan", EXAMPLE, "--gpu", "rtx-3060", "--ram", "1GiB")
    assert (1, True) == (status, "Does not fit" in out)


def test_a_plan_that_does_not_fit_has_no_line_and_no_strategy(moefit):
    document = json.loads(moefit("plan", EXAMPLE, "--gpu", "rtx-3060", "--ram", "1GiB", "--json")[1])
    assert (False, None, None) == (document["fits"], document["strategy"], document["argv"])


def test_what_would_fit_is_said(moefit, large):
    _, _, err = moefit(
        "args", "--gpu", "rtx-3060", "--ram", "32GiB", "--", "-m", large, "-ngl", "all", "-c", "131072"
    )
    assert "would fit" in err


def test_estimate_takes_the_line_exactly_as_given(moefit):
    line = ["llama-server", "-m", EXAMPLE, "-ngl", "20", "-c", "4096"]
    document = json.loads(moefit("estimate", *CARD, "--json", "--", *line)[1])
    assert line == document["argv"]


def test_estimate_with_a_strategy_is_of_the_line_that_it_completes(moefit):
    asked = [EXAMPLE, *CARD, "--strategy", "two-pass", "--json"]
    estimated, planned = (json.loads(moefit(command, *asked)[1]) for command in ("estimate", "plan"))
    same = ("argv", "devices", "host", "predicted", "launch")
    assert [planned[key] for key in same] == [estimated[key] for key in same]


def test_estimate_of_a_line_that_does_not_fit_ends_in_1(moefit):
    assert moefit("estimate", *CARD, "--", "-m", EXAMPLE, "-ngl", "99", "-c", "4096")[0] == 1


MISTAKES = {
    "no command": (["args"], "neither a model nor a command"),
    "no such file": (["plan", "nowhere.gguf"], "nowhere.gguf"),
    "a folder without a model": (["plan", str(Path(__file__).parent)], "no model in this folder"),
    "a misspelt file": (["plan", EXAMPLE.replace("_m.gguf", "_n.gguf")], "_n.gguf"),
    "an Ollama name": (["plan", "qwen3:30b"], "Ollama"),
    "a preference and a workload": (
        ["plan", EXAMPLE, *CARD, "--prefer", "decode", "--workload", "chat"],
        "--prefer",
    ),
    "a card with another memory": (["plan", EXAMPLE, "--gpu", "rtx-4090-48gb"], "has 24 GB, not 48"),
    "not GGUF": (["plan", __file__], ""),
    "a server option before --": (["plan", "-c", "4096", EXAMPLE], "-c is llama-server's option"),
    "a long short one": (["plan", EXAMPLE, "-hf", "a/b"], "-hf is llama-server's option"),
    "one with its value": (["plan", EXAMPLE, "-c4096"], "-c is llama-server's option"),
    "letters that are no option": (["plan", EXAMPLE, "-xyz"], "no such option: -xyz"),
    "an unknown option": (["plan", "--nonsense"], "--nonsense"),
    "an unknown command": (["paln"], "paln"),
    "the model twice": (["plan", EXAMPLE, *CARD, "--", "-m", EXAMPLE], "twice"),
    "an unknown server option": (["plan", EXAMPLE, "--", "--ctx-sizes", "1"], "--ctx-sizes"),
    "option=value": (["plan", "--", "-m", EXAMPLE, "--ctx-size=4096"], "--ctx-size"),
    "an unknown card": (["plan", EXAMPLE, "--gpu", "rtx-9999x"], "rtx-9999x"),
    "a size that is none": (["plan", EXAMPLE, *CARD, "--margin", "much"], "much"),
    "a margin for no device": (["plan", EXAMPLE, *CARD, "--margin", "CUDA7=1GiB"], "CUDA7"),
    "a budget for no device": (["plan", EXAMPLE, *CARD, "--budget", "CUDA7=1GiB"], "CUDA7"),
    "an unknown buffer": (["plan", *CARD, "--", "-m", EXAMPLE, "-ot", "exps=CUDA7"], "CUDA7"),
    "a bad pattern": (["plan", *CARD, "--", "-m", EXAMPLE, "-ot", "(=CPU"], "("),
    "seconds that are no number": (
        ["plan", EXAMPLE, *CARD, "--timeout", "nan"],
        "nan is no number of seconds",
    ),
    "seconds to wait that are no number": (["run", EXAMPLE, *CARD, "--wait-free", "NaN"], "nan is no number"),
    "a workload that is none": (["plan", EXAMPLE, *CARD, "--workload", "fast"], "fast"),
}


@pytest.mark.parametrize(("words", "about"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_ends_in_2(moefit, words, about):
    status, out, err = moefit(*words)
    errors = [line for line in err.splitlines() if line.startswith("moefit: error: ")]
    assert (2, "", 1) == (status, out, len(errors))
    assert about in errors[0]
    assert "Traceback" not in err


def test_a_machine_written_elsewhere_gives_the_same_plan(moefit, tmp_path):
    there = tmp_path / "machine.json"
    there.write_text(moefit("devices", *CARD, "--json")[1])
    here = moefit("plan", EXAMPLE, *CARD, "--json")[1]
    assert (
        json.loads(here)["argv"]
        == json.loads(moefit("plan", EXAMPLE, "--machine", str(there), "--json")[1])["argv"]
    )


def test_inspect_counts_layers_and_experts(moefit):
    document = json.loads(moefit("inspect", EXAMPLE, "--json")[1])
    assert (48, 128, 8) == (document["layers"], document["experts"], document["experts_used"])


def test_a_secret_stands_in_argv_alone(moefit, small):
    line = ["--", "-m", small, "--api-key", "hunter2"]
    document = json.loads(moefit("plan", *CARD, "--json", *line)[1])
    del document["argv"]
    assert "hunter2" not in json.dumps(document)
    assert "hunter2" not in "".join(moefit("plan", *CARD, "--explain", *line)[1].splitlines()[:-1])


def test_a_unit_is_written_whole(moefit, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / "x.service"
    status, out, _ = moefit("unit", whole, *CARD, "--name", "x", "--output", str(path))
    assert (0, "") == (status, out)
    assert f"ExecStart={program} -m {whole}" in path.read_text()


@pytest.mark.parametrize(("mode", "backend", "bound"), [("row", "SYCL", True), ("tensor", "CUDA", False)])
def test_split_modes_that_cut_layers_are_kept_and_nothing_is_placed(moefit, mode, backend, bound):
    names = [f"name={backend}{i},free=23GiB,bandwidth=900GB/s" for i in range(2)]
    cards = ["--gpu", names[0], "--gpu", names[1], "--ram", "32GiB", "--cores", "8"]
    _, out, err = moefit("plan", *cards, "--json", "--", "-m", EXAMPLE, "-sm", mode, "-c", "4096")
    added = ["-dev", f"{backend}0,{backend}1", "--fit", "off"]
    assert ["llama-server", "-m", EXAMPLE, "-sm", mode, "-c", "4096", *added] == json.loads(out)["argv"]
    assert bound == ("estimated from above" in err)


def test_estimate_json_is_the_line_as_given_even_where_it_does_not_fit(moefit):
    line = ["llama-server", "-m", EXAMPLE, "-ngl", "99", "-c", "4096"]
    document = json.loads(moefit("estimate", *CARD, "--json", "--", *line)[1])
    keys = {
        "version",
        "fits",
        "model",
        "machine",
        "argv",
        "devices",
        "host",
        "extras",
        "launch",
        "predicted",
        "warnings",
    }
    assert (keys, False, line) == (set(document), document["fits"], document["argv"])


PLAN_KEYS = {
    *(
        "version",
        "fits",
        "strategy",
        "model",
        "machine",
        "argv",
        "environment",
        "kept",
        "added",
        "dropped",
        "devices",
    ),
    *("host", "extras", "layers", "launch", "predicted", "candidates", "warnings"),
}


def test_plan_json_has_every_key_of_version_1(moefit):
    assert PLAN_KEYS <= set(json.loads(moefit("plan", EXAMPLE, *CARD, "--json")[1]))


def test_the_chosen_context_is_said_with_its_price(moefit):
    assert (
        "note: context 32,768; 1,024 tokens more would take 96 MiB"
        in moefit("plan", EXAMPLE, *CARD, "--explain")[2]
    )


def test_a_context_that_gave_way_keeps_every_layer_on_a_device(moefit):
    _, out, err = moefit("plan", EXAMPLE, "--gpu", "3GiB", "--ram", "32GiB", "--cores", "8", "--json")
    document = json.loads(out)
    assert (True, "49") == (
        document["launch"]["context"] < 32768,
        document["argv"][document["argv"].index("-ngl") + 1],
    )
    assert "not every layer would have a place" in err


def test_fitc_is_the_smallest_context(moefit):
    document = json.loads(moefit("plan", *CARD, "--json", "--", "-m", EXAMPLE, "-fitc", "40000")[1])
    assert document["launch"]["context"] == 40000


def test_without_a_word_the_help_is_shown(moefit):
    status, out, err = moefit()
    assert (2, "", True) == (status, out, err.startswith("Usage: moefit"))


def test_80_columns_hold_every_summary_whole(moefit, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert [] == [line for line in moefit("--help")[1].splitlines()[1:] if line.endswith("...")]


def test_80_columns_hold_every_word_of_help_whole(moefit, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = {word for command in COMMANDS for word in moefit(command, "--help")[1].split()}
    told = [meta.help for kind in vars(options).values() for meta in getattr(kind, "__metadata__", ())]
    assert set() == {word for text in told for word in text.split()} - shown


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["unit", "--", "-m", "x"], "--name"),
        (["plan", "--cores", "many", EXAMPLE], "--cores"),
        (["plan", "--strategy", "best", EXAMPLE], "--strategy"),
        (["plan", "-ngl", "99", EXAMPLE], "-ngl is llama-server's option"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_option_is_named(moefit, words, named):
    assert named in moefit(*words)[2].splitlines()[0]


def shell(line):
    return subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)


PROGRAM = f"{sys.executable} -m moefit"


@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [
        ("plan --explain MODEL CARD", ""),
        ("plan --json MODEL CARD", "1"),
        ("args CARD -- -m WHOLE", ""),
        ("--help", "1"),
    ],
)
def test_a_reader_that_leaves_is_no_misfit(small, whole, words, unbuffered):
    words = words.replace("MODEL", small).replace("CARD", " ".join(CARD)).replace("WHOLE", whole)
    gone = f"(sleep 0.2; PYTHONUNBUFFERED={unbuffered} {PROGRAM} {words}; echo $? >&2) | true"
    *said, status = shell(gone).stderr.splitlines()
    assert ("141", False) == (status, any("Traceback" in line or "error" in line for line in said))


@pytest.mark.parametrize(
    ("words", "to"),
    [
        (f"plan SMALL {' '.join(CARD)}", ">/dev/full"),
        (f"plan SMALL {' '.join(CARD)}", ">&-"),
        ("inspect --json SMALL", ">/dev/full"),
        ("--help", ">&-"),
    ],
)
def test_output_that_cannot_be_written_is_one_line_and_ends_in_2(small, words, to):
    done = shell(f"{PROGRAM} {words.replace('SMALL', small)} {to}")
    errors = [line for line in done.stderr.splitlines() if "cannot write the result" in line]
    assert (2, 1, False) == (done.returncode, len(errors), "Traceback" in done.stderr)


def test_a_command_that_prints_nothing_needs_no_stdout(whole, tmp_path):
    program = tmp_path / "llama-server"
    program.symlink_to("/bin/true")
    line = f"{PROGRAM} run {' '.join(CARD)} -- {program} -m {whole}"
    assert 0 == shell(f"{line} >&-").returncode


def test_nobody_has_to_read_stderr(small):
    assert 0 == shell(f"{PROGRAM} plan {small} {' '.join(CARD)} 2>&-").returncode


@pytest.mark.parametrize(
    ("encoding", "shown"), [("ascii", "?? m?"), ("latin-1", "?? mü"), ("utf-8", "通义 mü")]
)
def test_a_name_is_shown_as_far_as_the_terminal_can(encoding, shown, monkeypatch):
    """A ? for what it lacks; it was an error of moefit's own."""
    monkeypatch.setattr("sys.stdout", TextIOWrapper(BytesIO(), encoding, "surrogateescape"))
    console(When.NEVER).print("通义 mü █", soft_wrap=True)
    sys.stdout.flush()
    assert f"{shown} {'█' if encoding == 'utf-8' else '#'}\n" == sys.stdout.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("locale", ["PYTHONIOENCODING=ascii", "LC_ALL=C", "LC_ALL=POSIX"])
def test_a_terminal_without_the_characters_gets_others(locale):
    done = shell(f"env -u PYTHONUTF8 {locale} {PROGRAM} plan {EXAMPLE} --build b11434 {' '.join(CARD)}")
    assert (0, False, True) == (done.returncode, "Traceback" in done.stderr, done.stdout.isascii())
    assert "?" not in done.stdout
    assert "####" in done.stdout


@pytest.mark.parametrize("command", ["plan", "estimate", "args", "run", "unit", "verify"])
def test_every_option_of_ours_is_known_on_the_wrong_side(moefit, command):
    help_text = moefit(command, "--help")[1]
    ours = set(re.findall(r"^\s+(--[a-z-]+)", help_text, re.MULTILINE)) - {"--help"}
    theirs = {option for option in ours if option in builtin("llama-server")}  # there it means theirs
    assert {"--timeout"} == theirs - {"--rpc"}  # of some commands
    assert set() == ours - OWN_OPTIONS - theirs


def test_an_option_of_ours_after_the_dashes_is_sent_before_them(moefit):
    assert "before the --" in moefit("plan", "--", "-m", EXAMPLE, "--gpu", "rtx-3060")[2]


@pytest.mark.parametrize(("form", "heading"), [("llama-swap", '  "my model":'), ("preset", "[my model]")])
def test_a_file_that_holds_the_line_calls_the_model_by_its_first_alias(moefit, whole, form, heading):
    words = ("--", "llama-server", "-m", whole, "-a", "my model,other")
    status, out, _ = moefit("args", *CARD, "--format", form, *words)
    assert (0, True) == (status, heading in out.splitlines())


def test_a_model_or_a_command_alone_is_planned(moefit):
    planned = moefit("plan", EXAMPLE, *CARD)[:2]
    assert planned == moefit(EXAMPLE, *CARD)[:2] == moefit(*CARD, EXAMPLE)[:2]
    assert moefit("plan", *CARD, "--", "-m", EXAMPLE)[:2] == moefit(*CARD, "--", "-m", EXAMPLE)[:2]


def test_a_folder_with_one_model_is_that_model(moefit):
    folder = str(Path(EXAMPLE).parent)
    assert moefit("plan", EXAMPLE, *CARD)[1] == moefit("plan", folder, *CARD)[1]


def test_a_misspelt_command_and_a_misspelt_file_name_their_neighbours(moefit):
    assert "hint: did you mean moefit plan?" in moefit("paln")[2]
    assert f"hint: did you mean {EXAMPLE}?" in moefit("plan", EXAMPLE.replace("_m.gguf", "_n.gguf"), *CARD)[2]


def test_the_version_has_a_letter(moefit):
    assert moefit("--version")[1] == moefit("-V")[1]


def test_the_catalogue_is_listed_by_the_names_that_gpu_takes(moefit):
    listed = [line.split()[0] for line in moefit("cards")[1].splitlines()[1:]]
    assert {"p104-100", "rtx-4090-laptop", "m1-max", "dgx-spark", "strix-halo", "rx-9060-xt"} <= set(listed)
    assert 1 == json.loads(moefit("cards", "--json")[1])["version"]
    assert len(listed) == len(parse_gpus(listed))
