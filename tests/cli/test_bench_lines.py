"""Lines for llama-bench: what it reserves, and what it takes no more."""

import json
import shlex

import pytest

from tests.cli.test_commands import CARD, moefit

__all__ = ["moefit"]


def test_a_bench_line_of_a_servers_fits_as_bench_reserves(moefit, whole):
    _, line, _ = moefit(
        "args", *CARD, "--format", "llama-bench", "--", "llama-server", "-m", whole, "-c", "2048"
    )
    status, out, _ = moefit("estimate", "--json", *CARD, "--", *shlex.split(line))
    assert (0, True) == (status, json.loads(out)["fits"])


@pytest.mark.parametrize("line", [[], ["--moe-cache-mib", "0"]])
def test_a_bench_line_says_that_it_lacks_the_cache_that_the_servers_would_have(moefit, large, line):
    _, _, err = moefit("args", large, *CARD, "--format", "llama-bench", "--", *line)
    assert (not line) == ("llama-bench has no --moe-cache-mib: this line is the best without" in err)


@pytest.mark.parametrize(
    ("old", "new"),
    [("-mmp 0", "-lm none"), ("--mmap 0", "-lm none"), ("-mmp 1", "-lm mmap"), ("-dio 1", "-lm dio")],
)
def test_flags_of_older_benches_are_said_in_todays_words(moefit, whole, old, new):
    status, out, err = moefit("args", *CARD, "--", "llama-bench", "-m", whole, *old.split())
    assert (0, True, False, True) == (status, new in out, old in out, f"{old} is left out" in err)


@pytest.mark.parametrize("words", ["-fitt 512", "-fitc 4096"])
def test_a_bench_line_that_is_placed_does_not_fit_itself(moefit, whole, words):
    _, out, err = moefit("args", *CARD, "--", "llama-bench", "-m", whole, *words.split())
    assert (False, True) == (words in out, f"{words} is left out: with it llama-bench would place" in err)


@pytest.mark.parametrize("form", ["preset", "llama-swap", "env"])
def test_files_for_servers_hold_no_bench(moefit, whole, form):
    status, out, err = moefit("args", *CARD, "--format", form, "--", "llama-bench", "-m", whole)
    assert (2, "", True) == (status, out, "for servers" in err)


def test_a_servers_margin_is_no_benchs(moefit, whole):
    line = ["llama-server", "-m", whole, "-c", "4096", "-fitt", "512"]
    _, out, err = moefit("args", *CARD, "--format", "llama-bench", "--", *line)
    assert (False, 1) == ("-fitt" in out, err.count("-fitt 512 is left out"))


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("-p 512 -b 2048 -ub 2048", "context, which -p, -n, -pg and -d make"),
        ("-p 2048 -b 512 -ub 1024", "batch"),
        ("-p 4096 -d 4096 -b 1024 -ub 2048", "batch"),
    ],
)
def test_what_caps_the_micro_batch_is_named(moefit, whole, words, limit):
    _, _, err = moefit("args", *CARD, "--", "llama-bench", "-m", whole, *words.split())
    assert f"no micro-batch is larger than the {limit}\n" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-ub 512,1024", "this is a list"),
        ("-ngl 10-40+10", "this is a list"),
        ("-fa 0,1", "this is a list"),
        ("-ctk q8_0,f16", "this is a list"),
        ("-ot exps=CPU,attn=CPU", "this is a list"),
        ("-m other.gguf", "llama-bench tests each"),
        ("-ngl 99 -ngl 20", "llama-bench tests each"),
    ],
)
def test_several_tests_are_not_planned_as_one_of_them(moefit, whole, words, said):
    status, out, err = moefit("args", *CARD, "--", "llama-bench", "-m", whole, *words.split())
    assert (2, "", True) == (status, out, said in err)


def test_tests_of_several_lengths_are_planned_for_the_longest(moefit, whole):
    words = ["-p", "512,2048", "-p", "1024", "-n", "32-128+32", "-d", "0,4096"]
    status, _, _ = moefit("args", *CARD, "--", "llama-bench", "-m", whole, *words)
    assert 0 == status
