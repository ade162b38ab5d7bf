"""What would help a plan: each change is about what planning it says."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from moefit.cost.workload import Workload
from moefit.gguf.quants import QUANTS
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.machine.declared import apply_limits, parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.model import Layer
from moefit.planning.core import plan
from moefit.planning.hardware import more_gpus, more_ram
from moefit.planning.in_parts import in_parts
from moefit.planning.smaller_file import smaller_file, smaller_models
from moefit.planning.what_if import _expected, what_if
from moefit.search.request import Options, Request
from tests.oracle import model as recorded

GIB = 1 << 30
OPTIONS = Options(Workload(2048, 512), thorough=False)
MODEL = recorded("qwen3-30b-a3b", "Q4_K_M")


def machine(*gpus, ram=32):
    return Machine(parse_gpus(gpus), Ram(ram * GIB, ram * GIB, 50 * 10**9), Cpu(8, 16))


def launch(line):
    command = parse(line.split())
    given = effective(command, [], {})
    return Launch(command, given, constraints(command.name, given))


def asked(line="llama-server -m m.gguf", gpus=("rtx-3060",), ram=32, model=MODEL):
    return Request(model, machine(*gpus, ram=ram), launch(line), OPTIONS)


MADE = {}
"""Many tests ask about one plan: model, machine and line -> the plan, and what would help it."""


def of_one(request, kind, make):
    key = id(request.model), request.machine, tuple(request.launch.command.argv), kind
    if key not in MADE:
        MADE[key] = make()
    return MADE[key]


def planned(request):
    return of_one(request, "plan", lambda: plan(request))


def helped(request):
    return of_one(request, "helps", lambda: what_if(request, planned(request)))


def helps(*args, **kwargs):
    request = asked(*args, **kwargs)
    return planned(request), {h.kind: h for h in helped(request)}


def told(*args, **kwargs):
    """What would help as a page says it at once, about: with the same words, and in a part of the time."""
    request = asked(*args, **kwargs)
    said = of_one(request, "told", lambda: what_if(request, planned(request), planned=False))
    return {h.kind: h for h in said}


def seconds(line, *gpus, ram=32):
    made = planned(asked(line, gpus, ram))
    assert made.fits
    return made.prediction.seconds


def test_a_cache_of_8_bits_is_mentioned_where_it_helps_with_what_it_takes():
    _, found = helps("llama-server -m m.gguf -c 131072", ("8GiB",))
    assert "-ctk q8_0 -ctv q8_0" == found["kv-q8"].words
    typed = "llama-server -m m.gguf -c 131072 -ctk q8_0 -ctv q8_0"
    assert seconds(typed, "8GiB") == pytest.approx(found["kv-q8"].seconds)


def test_what_can_be_typed_at_once_is_not_pushed_out_by_other_machines():
    """8 GiB and 131,072 tokens: a second card, more memory and a smaller file take less time than a cache of 8 bits."""
    found = told("llama-server -m m.gguf -c 131072", ("rtx-3060,free=8GiB",), ram=64)
    assert "-ctk q8_0 -ctv q8_0" == found["kv-q8"].words


def test_half_the_context_is_what_the_words_take():
    _, found = helps("llama-server -m m.gguf -c 131072", ("8GiB",))
    assert seconds(f"llama-server -m m.gguf {found['context'].words}", "8GiB") == pytest.approx(
        found["context"].seconds
    )


def test_a_second_card_and_more_memory_are_what_the_words_take():
    _, found = helps()
    second, larger = (found[kind].words.removeprefix("--gpu ") for kind in ("second-card", "vram"))
    assert ("2xrtx-3060", "rtx-3090") == (second, larger)
    assert seconds("llama-server -m m.gguf", second) == pytest.approx(found["second-card"].seconds)
    assert seconds("llama-server -m m.gguf", larger) == pytest.approx(found["vram"].seconds)


def test_without_a_gpu_no_reason_speaks_of_one():
    made = plan(asked(gpus=()))
    reasons = {layer.why for layer in made.layers} | {one.why for one in made.added if one.option == "-ub"}
    assert {"there is no GPU", "no other micro-batch is predicted to be faster"} == reasons


def test_a_machine_without_a_gpu_is_told_what_one_does():
    _, found = helps(gpus=())
    assert "--gpu rtx-3060" == found["first-card"].words
    assert seconds("llama-server -m m.gguf", "rtx-3060") == pytest.approx(found["first-card"].seconds)


@pytest.mark.parametrize(
    ("line", "gpus", "what"),
    [
        ("llama-server -m m.gguf", ("rtx-3060",), "a second RTX 3060"),
        ("llama-server -m m.gguf -c 65536", ("2xrtx-3060",), "one more RTX 3060"),
    ],
)
def test_a_card_more_is_called_by_how_many_there_are(line, gpus, what):
    assert what == told(line, gpus)["second-card"].what


@pytest.mark.parametrize(
    ("line", "ram"),
    [("llama-server -m m.gguf", 32), ("llama-server -m m.gguf -c 131072", 32), ("llama-server -m m.gguf", 6)],
)
def test_what_is_not_planned_takes_about_what_its_plan_does(line, ram):
    request = asked(line, ram=ram)
    exact, about = {h.kind: h for h in helped(request)}, told(line, ram=ram)
    known = [kind for kind, h in about.items() if h.about]
    assert known
    assert {"quant"} >= {kind for kind, h in exact.items() if h.about}  # its header was not read
    assert [about[kind].seconds for kind in known] == pytest.approx(
        [exact[kind].seconds for kind in known], rel=0.06
    )


def test_the_fastest_comes_first_and_none_is_slower_than_the_plan():
    made, found = helps()
    times = [h.seconds for h in found.values()]
    assert sorted(times) == times
    assert max(times) < made.prediction.seconds


def test_what_is_set_is_not_proposed_again():
    found = told("llama-server -m m.gguf -c 131072 -ctk q8_0 -ctv q8_0 -np 1", ("8GiB",))
    assert set() == {"kv-q8", "one-slot"} & set(found)


def test_the_words_say_all_that_is_known_of_devices_that_are_no_cards():
    rpc = "name=RPC0,free=6GiB,bandwidth=360GB/s,link=1GB/s,buffer=RPC0[box:50052]"
    found = told(gpus=("rtx-3060", rpc))
    expected = (
        "--gpu 2xrtx-3060 --gpu 'name=RPC0,buffer=RPC0[box:50052],free=6GiB,bandwidth=360GB/s,link=1.0GB/s'"
    )
    assert expected == found["second-card"].words


def test_what_does_not_fit_is_told_what_would():
    line = "llama-server -m m.gguf"
    made, found = helps(line, ram=6)
    assert not made.fits
    assert "--ram 14GiB" == found["ram"].words
    assert seconds(line, "rtx-3060", ram=14) == pytest.approx(found["ram"].seconds)


@pytest.mark.parametrize(
    ("line", "gpu", "ram", "words"),
    [
        ("", "gtx-1650", 8, ["--gpu rtx-2060-12gb", "--ram 16GiB"]),  # with a smaller context
        ("", "rtx-2060", 8, ["--gpu rtx-5060-ti-16gb", "--ram 16GiB"]),
        ("-c 32768", "gtx-1650", 10, ["--gpu rtx-2060-12gb", "--ram 18GiB"]),  # with smaller buffers
        ("", "gtx-1650", 1, [None, "--ram 17GiB"]),  # 8 GiB more would not do
        ("-ngl 99 -ot exps=CUDA0", "gtx-1650", 32, ["--gpu rtx-3090", None]),
    ],
)
def test_memory_that_would_do_by_a_sum_is_told_whatever_a_sketch_of_what_failed_says(line, gpu, ram, words):
    request = asked(f"llama-server -m m.gguf {line}", (gpu,), ram)
    found = {h.kind: h.words for h in what_if(request, planned(request), planned=False)}
    assert words == [found.get("vram"), found.get("ram")]


def test_a_detected_host_is_told_what_to_add():
    request = asked(ram=6)
    request = replace(request, machine=replace(request.machine, host="this one"))
    assert "--ram +8GiB" in {h.words for h in what_if(request, plan(request), planned=False)}


def test_memory_is_not_offered_where_a_budget_caps_it():
    request = asked("llama-server -m m.gguf -c 131072", ("8GiB",))
    capped = apply_limits(request.machine, ["CUDA0=6GiB"])
    request = replace(request, machine=capped)
    found = {h.kind: h for h in what_if(request, plan(request), planned=False)}
    assert "vram" not in found
    assert "second-card" in found


MAKE = "llama-quantize --allow-requantize"


@pytest.mark.parametrize(
    ("line", "got", "words"),
    [
        ("-m /models/Qwen3-30B-Q4_K_M.gguf", " to download or make", f"{MAKE} /models/Qwen3-30B-Q4_K_M.gguf Q3_K_M"),
        ("-m m.gguf", " to download or make", f"{MAKE} m.gguf Q3_K_M"),
        ("-hf u/m:Q4_K_M", " if its repository has it", "-hf u/m:Q3_K_M"),
        ("-hf u/m", " if its repository has it", "-hf u/m:Q3_K_M"),
        ("-hf u/m -hff dir/m-Q4_K_M.gguf", " if its repository has it", "-hf u/m -hff dir/m-Q3_K_M.gguf"),
        ("-hf u/m -hff dir/other.gguf", " if its repository has it", "-hf u/m:Q3_K_M"),
        ("-mu https://h.co/u/m/resolve/main/m-Q4_K_M.gguf", " if its server has it", "-mu https://h.co/u/m/resolve/main/m-Q3_K_M.gguf"),
        ("-mu https://h.co/m.gguf", " to download, Q3_K_M", ""),
        ("-mu https://huggingface.co/u/m/resolve/main/m-Q4_K_M.gguf", " if its repository has it", "-hf u/m:Q3_K_M"),
        ("-dr ai/m:Q4_K_M", " if its repository has it", "-dr ai/m:Q3_K_M"),
        ("-m /c/hub/models--u--m/snapshots/1f/m-Q4_K_M.gguf", " if its repository has it", "-hf u/m:Q3_K_M"),
    ],
)  # fmt: skip
def test_a_smaller_file_is_told_with_a_way_to_it(line, got, words):
    assert (f"a smaller file{got}, about 13.58 GiB", words) == smaller(line)


def smaller(line, model=MODEL, siblings=()):
    """What is said of the next smaller file, and its words; None where nothing is."""
    asked = replace(launch(f"llama-server {line}"), siblings=tuple(siblings))
    found = smaller_file(model, asked, next(smaller_models(model, 1)))
    return found and (found.what, found.words)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["m-Q4_K_M.gguf", "m-Q3_K_M-00001-of-00002.gguf"], "-hf u/m:Q3_K_M"),
        (["m-Q4_K_M.gguf", "m-UD-Q3_K_XL.gguf"], "-hf u/m:Q3_K_XL"),
    ],
)
def test_of_a_repository_that_was_listed_a_file_is_named_that_it_has(files, words):
    assert ("a smaller file, about 13.58 GiB", words) == smaller("-hf u/m", siblings=files)


def test_no_file_is_named_that_the_repository_lacks():
    assert smaller("-hf u/m", siblings=["m-Q4_K_M.gguf", "m-IQ3_M.gguf"]) is None


def test_the_repository_that_a_header_names_is_named():
    there = replace(MODEL, repository="u/m-GGUF")
    assert "-hf u/m-GGUF:Q3_K_M" == smaller("-m m.gguf", there)[1]


def test_what_is_not_whole_or_needs_a_matrix_is_only_to_be_downloaded():
    """source: llama-quant.cpp, tensor_requires_imatrix"""
    assert ("a smaller file to download, Q3_K_M, about 13.58 GiB", "") == smaller(
        "-m m.gguf", replace(MODEL, truncated=True)
    )
    iq3 = next(quant for quant in QUANTS.values() if quant.name == "iq3_s")
    layers = tuple(
        Layer(one.index, tuple(replace(t, quant=iq3) if len(t.shape) > 1 else t for t in one.tensors))
        for one in MODEL.layers
    )
    what, words = smaller("-m m.gguf", replace(MODEL, layers=layers))
    assert (True, "") == (what.startswith("a smaller file to download, IQ2_S, "), words)


def test_of_smaller_files_the_first_that_fits_is_named():
    line = "llama-server -m m.gguf --moe-cache-mib 0"
    made, found = helps(line, ram=10, model=recorded("qwen3-30b-a3b", "Q8_0"))
    assert not made.fits
    assert found["quant"].words.endswith("m.gguf Q4_K_M")
    assert plan(asked(line, ram=10, model=recorded("qwen3-30b-a3b", "Q4_K_M"))).fits


def test_a_type_without_a_smaller_one_names_no_file():
    found = told(model=recorded("gpt-oss-120b", "MXFP4"), ram=90)
    assert "quant" not in found or "MXFP4" not in found["quant"].words


def test_a_prediction_head_is_priced_as_its_own_option_is():
    model = recorded("qwen3.5-35b-a3b-mtp", "Q4_K_M")
    line, gpus = "llama-server -m m.gguf -np 1", ("rtx-5090",)
    made, found = helps(line, gpus, 64, model)
    typed = plan(asked(f"{line} --spec-type draft-mtp", gpus, 64, model)).prediction.seconds
    expected = [typed] if typed < 0.95 * made.prediction.seconds else []
    assert expected == pytest.approx([h.seconds for h in found.values() if h.kind == "mtp"])


def test_nothing_is_proposed_where_nothing_helps():
    made, found = helps(gpus=("h200",))
    assert all(h.seconds <= 0.95 * made.prediction.seconds for h in found.values())
    assert set() == {"ram", "vram", "kv-q8"} & set(found)


@pytest.mark.parametrize(
    "gpu", ["rtx-5070-ti-laptop", "rx-7600m-xt", "m4-max", "gb10", "radeon-780m", "gh200"]
)
def test_what_is_soldered_in_gets_no_second_one_and_no_more_memory(gpu):
    assert [] == list(more_gpus(machine(gpu)))


def test_a_laptop_can_have_more_ram():
    assert ["ram"] == [help_.kind for help_, _ in more_ram(machine("rtx-5070-ti-laptop"))]


def test_a_unified_memory_is_not_offered_a_second_card():
    found = told(gpus=("strix-halo",), ram=128)
    assert set() == {"vram", "second-card"} & set(found)


def test_the_changes_are_the_same_however_often_they_are_asked():
    request = asked()
    assert helped(request) == what_if(request, planned(request))


def test_help_of_a_plan_changes_nothing_of_it():
    made, _ = helps()
    assert () == made.helps
    assert made == replace(made, helps=())


def test_every_card_at_each_layer_is_mentioned_where_it_answers_faster():
    dense = recorded("qwen3-14b", "Q4_K_M")
    line = "llama-server -m m.gguf -c 49152 -np 1"
    _, found = helps(line, ("rtx-3060", "rtx-3060"), model=dense)
    assert "-sm tensor -dev CUDA0,CUDA1" == found["sm-tensor"].words
    typed = plan(asked(f"{line} {found['sm-tensor'].words}", ("rtx-3060", "rtx-3060"), model=dense))
    assert (True, typed.prediction.seconds) == (typed.fits, pytest.approx(found["sm-tensor"].seconds))


def test_unlike_cards_get_shares_by_what_they_read():
    dense = recorded("qwen3-14b", "Q4_K_M")
    found = told("llama-server -m m.gguf -c 40960 -np 1", ("rtx-4070-super", "rtx-3060"), model=dense)
    names, shares = found["sm-tensor"].words.removeprefix("-sm tensor -dev ").split(" -ts ")
    assert {"CUDA0": "50", "CUDA1": "36"} == dict(zip(names.split(","), shares.split(","), strict=True))


def test_splitting_tensors_is_not_weighed_where_the_cards_cannot_hold_all_layers():
    request = asked(gpus=("8GiB", "8GiB"))
    assert [] == list(in_parts(request.model, request.launch, planned(request)))


@pytest.mark.parametrize("more", ["-ngl 20", "-ts 1,1", "-sm none", "-fa off", "-ot ffn=CPU"])
def test_splitting_tensors_is_not_mentioned_where_the_user_has_placed_something(more):
    dense = recorded("qwen3-14b", "Q4_K_M")
    found = told(f"llama-server -m m.gguf -c 8192 -np 1 {more}", ("rtx-3060", "rtx-3060"), model=dense)
    assert "sm-tensor" not in found


@pytest.mark.parametrize(
    "words",
    ["-ngl 20", "-ub 128", "-b 256", "--moe-cache-mib 0", "-ncmoe 48 -ub 512", "-fa off", "-ngl 0 -t 1"],
)
def test_what_an_option_of_the_user_s_costs_is_told_with_the_seconds_of_the_line_without_it(words):
    made, found = helps(f"llama-server -m m.gguf {words}")
    last = " ".join(words.split()[-2:])
    kept = f"llama-server -m m.gguf {words.removesuffix(last)}".strip()
    assert ("unset", f"without {last}") == (found["unset"].kind, found["unset"].what)
    assert seconds(kept, "rtx-3060") == pytest.approx(found["unset"].seconds, rel=0.01)
    assert found["unset"].seconds < made.prediction.seconds


@pytest.mark.parametrize("words", ["", "-ngl 99", "-ncmoe 48"])
def test_an_option_that_costs_nothing_is_not_spoken_of(words):
    assert "unset" not in told(f"llama-server -m m.gguf {words}")


@pytest.mark.parametrize(("after", "seconds"), [(60.0, 20.0), (30.0, 18.0)])
def test_a_change_never_takes_less_than_no_time(after: float, seconds: float) -> None:
    def placed(taken: float) -> Any:
        host = SimpleNamespace(model=GIB)
        settled = SimpleNamespace(footprint=SimpleNamespace(host=host))
        predicted = SimpleNamespace(seconds=taken)
        return SimpleNamespace(fits=True, prediction=predicted, strategy="", settled=settled)

    assert seconds == _expected(placed(60.0), placed(100.0), placed(after))


@pytest.mark.parametrize("kind", ["second-card", "vram"])
def test_what_was_said_of_a_card_s_overhead_stays_said(kind):
    assert "overhead=900MiB" in told(gpus=("rtx-3060,overhead=900MiB",))[kind].words


@pytest.mark.parametrize("words", ["-sm none -mg 1", "-sm none -mg 1 -ncmoe 40", "-ts 0,1"])
def test_a_card_that_the_line_counts_to_is_there_for_what_would_help(words):
    """The plan leaves the first card idle: without it there is no second."""
    request = asked(f"llama-server -m m.gguf -c 32768 {words}", ("rtx-3060", "rtx-3090"))
    assert all(help_.seconds > 0 for help_ in what_if(request, planned(request), planned=False))
