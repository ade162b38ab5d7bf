"""Cases from public reports, with the answer that is right: RAM, pinned memory, and lines that could not be said."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.model import build
from moefit.planning.core import plan
from moefit.search.request import Request
from tests.oracle import header
from tests.oracle import model as recorded
from tests.planning.worlds import QUICK, launch

GIB = 1 << 30
LINE = ("llama-server", "-m", "m.gguf")


def cut(header, blocks):
    """The model of the first blocks of a header."""
    key = f"{header.metadata['general.architecture']}.block_count"
    kept = tuple(
        t for t in header.tensors if not (m := re.match(r"blk[.](\d+)", t.name)) or int(m[1]) < blocks
    )
    return build("m.gguf", replace(header, metadata={**header.metadata, key: blocks}, tensors=kept))


def planned(model, gpus, ram, *words):
    machine = Machine(parse_gpus(gpus), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(16, 32))
    return plan(Request(model, machine, launch((*LINE, *words)), QUICK))


def test_the_program_itself_needs_ram_too():
    """gpt-oss-120b on 60 GiB that processor and GPU share: 208 MiB would be left for a program that takes 512."""
    card = "name=ROCm0,free=47000MiB,bandwidth=256GB/s,integrated=yes"
    model = recorded("gpt-oss-120b", "MXFP4")
    fits = [planned(model, [card], ram, "-c", "8192", "-np", "1").fits for ram in (60, 61)]
    assert [False, True] == fits


def test_no_plan_is_behind_the_one_of_a_mapped_file():
    """Nothing is pinned for what is on the card, so nothing is kept back for it."""
    card = "free=19780MiB,bandwidth=936GB/s,link=25GB/s,compute=142T,overhead=355MiB"
    model = recorded("qwen3-30b-a3b", "Q4_K_M")
    ours, mapped = (planned(model, [card], 64, "-c", "16384", *more) for more in ((), ("-lm", "mmap")))
    assert ours.prediction.seconds <= mapped.prediction.seconds
    assert {} == ours.placement.overrides


@pytest.mark.parametrize("split", ["1,0.5", "1,1", "0.2,1", "3,0,1"])
@pytest.mark.parametrize("free", [(1800, 970), (970, 1800), (900, 700)])
def test_a_split_of_the_users_is_a_plan_or_one_line(split, free):
    """Two blocks and an output that does not fit onto the device which `-ts` gives it."""
    whole = header("llama4-scout", "Q4_K_M")
    model = cut(whole, 2)
    cards = [f"name=CUDA{i},free={size}MiB" for i, size in enumerate(free)]
    made = planned(model, cards, 512, "-ts", split)
    assert made.fits == bool(made.argv)


def test_a_windows_driver_is_left_a_gibibyte_of_the_card():
    """It moves what does not fit to RAM without a word."""
    model = recorded("qwen3-30b-a3b", "Q4_K_M")
    ram = Ram(64 * GIB, 64 * GIB, 50 * 10**9)
    linux = Machine(parse_gpus(["rtx-3060"]), ram, Cpu(16, 32))
    windows = replace(linux, ram=replace(ram, unlocked_limit=32 * GIB))
    kept = [
        plan(Request(model, machine, launch((*LINE, "-c", "8192", "-ub", "512", "-lm", "mmap")), QUICK))
        for machine in (linux, windows)
    ]
    assert GIB == kept[1].devices[0].budget.reserved - kept[0].devices[0].budget.reserved


@pytest.mark.parametrize(
    "lacks", ["blk.20.attn_k.weight", "blk.20.ffn_norm.weight", "output_norm.weight", "token_embd.weight"]
)
def test_a_plan_from_a_file_that_lacks_a_tensor_says_that_it_is_an_estimate_and_which(lacks):
    whole = header("qwen3-30b-a3b", "Q4_K_M")
    damaged = build("m.gguf", replace(whole, tensors=tuple(t for t in whole.tensors if t.name != lacks)))
    told = [w.message for w in planned(damaged, ["rtx-3060"], 32).warnings if w.code == "estimate"]

    assert [f"qwen3moe: the file lacks {lacks}"] == [message.partition(": compute")[0] for message in told]
    assert [] == [
        w for w in planned(build("m.gguf", whole), ["rtx-3060"], 32).warnings if w.code == "estimate"
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("qwen3-30b-a3b", "attn_norm"), ("gpt-oss-20b", "attn_sinks"), ("deepseek-v2-lite", "ffn_norm")],
)
def test_a_plan_from_a_file_that_lacks_all_tensors_of_a_kind_says_so(name, kind):
    whole = header(name, "MXFP4" if name == "gpt-oss-20b" else "Q4_K_M")
    kept = tuple(t for t in whole.tensors if not t.name.endswith(f".{kind}.weight"))
    warnings = planned(build("m.gguf", replace(whole, tensors=kept)), ["rtx-3060"], 32).warnings

    assert any(w.code == "estimate" and f"the file lacks blk.0.{kind}.weight" in w.message for w in warnings)
