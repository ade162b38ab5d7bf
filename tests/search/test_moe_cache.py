"""An expert cache as a choice: where it wins, where it loses, and what decides it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from moefit.app.request import as_bench
from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.options import Option, OptionTable, builtin
from moefit.launch.precedence import effective
from moefit.machine.declared import declare_host, parse_gpus
from moefit.machine.types import CPU, Cpu, Machine, Ram
from moefit.memory.moe_cache import overflows
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.planning.trials import trials
from moefit.planning.types import Plan
from moefit.search.moe_cache import MOE_CACHE
from moefit.search.request import Request
from tests.drawn import several
from tests.oracle import model
from tests.planning.worlds import QUICK, launch, make_model

GIB = 1 << 30
CARD = "rtx-3060"
SLOW = "free=11.6GiB,bandwidth=360GB/s,compute=51T,link=3.2GB/s"
"""The same card behind PCIe 3 with 4 lanes."""


def machine(*cards: str) -> Machine:
    ram, cpu = declare_host(Ram(64 * GIB, 64 * GIB), Cpu(8, 8), None, "60GB/s", 8)
    return Machine(parse_gpus(list(cards)), ram, cpu)


def later() -> OptionTable:
    """The options of v1.0.0, as far as they concern a cache."""
    share = Option(("--moe-cache-cpu-share",), values=("F",))
    return OptionTable("llama-server", (*builtin("llama-server", 11549).options, share), 12600, asked=True)


def request(
    words: str = "",
    *cards: str,
    build: int = 11549,
    name: str = "qwen3-30b-a3b",
    table: OptionTable | None = None,
) -> Request:
    line = ["llama-server", "-m", "m.gguf", "-c", "16384", *words.split()]
    command = parse(line, table or builtin("llama-server", build))
    given = effective(command)
    launch = Launch(command, given, constraints(command.name, given))
    return Request(model(name, "Q4_K_M"), machine(*(cards or (CARD,))), launch, QUICK)


def made(words: str = "", *cards: str, build: int = 11549) -> Plan:
    return plan(request(words, *cards, build=build))


def cache_of(argv: tuple[str, ...]) -> int | None:
    return int(argv[argv.index("--moe-cache-mib") + 1]) if "--moe-cache-mib" in argv else None


def test_a_cache_is_chosen_where_experts_stay_on_the_cpu_of_a_card_with_a_good_link() -> None:
    chosen = made()
    assert (MOE_CACHE, True) == (chosen.strategy, (cache_of(chosen.argv) or 0) > 4000)


@pytest.mark.parametrize("words", ["-ot ffn_up_exps=CPU", "-ot blk[.]3[.]ffn_up_exps=CPU"])
def test_a_matrix_that_the_user_has_on_the_cpu_takes_nothing_from_a_cache(words: str) -> None:
    """The others of its layer go there, too: they stayed, so that no cache served the layer, and there was none in the first line."""
    assert cache_of(made().argv) == cache_of(made(words).argv)


def test_a_layer_with_a_matrix_that_the_user_has_on_a_card_is_not_in_a_cache() -> None:
    chosen = made("-ot blk[.]3[.]ffn_up_exps=CUDA0")
    assert chosen.moe_cache is not None
    assert all(3 not in group.layers for group in chosen.moe_cache.groups)


def test_the_line_with_a_cache_is_predicted_faster_than_every_other() -> None:
    chosen = made()
    assert chosen.prediction.seconds < min(
        c.prediction.seconds for c in chosen.candidates if c.fits and c.strategy != MOE_CACHE
    )


@pytest.mark.parametrize(
    ("words", "cards", "build"),
    [
        ("", (CARD,), 11434),
        ("", (SLOW,), 11549),
        ("", ("free=11.6GiB,bandwidth=360GB/s,compute=51T,link=13GB/s",), 11549),
        ("", ("24GiB",), 11549),
        ("--moe-cache-mib 0", (CARD,), 11549),
        ("-lm mmap", (SLOW,), 11549),
    ],
    ids=[
        "the build has none",
        "the link loses",
        "it gains less than it may lose",
        "all fits",
        "the user says 0",
        "mapped behind a slow link",
    ],
)
def test_no_cache_is_written(words: str, cards: tuple[str, ...], build: int) -> None:
    chosen = made(words, *cards, build=build)
    assert (False, cache_of(tuple(words.split()))) == (chosen.strategy == MOE_CACHE, cache_of(chosen.argv))


def experts_on_the_cpu(chosen: Plan) -> set[str]:
    """Tensors of experts that the line's -ot keeps on the CPU."""
    words = chosen.argv[chosen.argv.index("-ot") + 1].split(",")
    patterns = [word.removesuffix("=CPU") for word in words]
    names = [t.name for layer in chosen.model.layers for t in layer.experts]
    return {name for name in names if any(re.search(pattern, name) for pattern in patterns)}


def test_biases_of_experts_stay_on_the_device_of_a_layer_whose_experts_a_cache_holds() -> None:
    chosen = plan(replace(request("", "24GiB,link=54GB/s"), model=model("gpt-oss-120b", "MXFP4")))
    assert (MOE_CACHE, {"weight"}) == (
        chosen.strategy,
        {name.rpartition(".")[2] for name in experts_on_the_cpu(chosen)},
    )


def test_without_a_cache_biases_stay_with_their_experts() -> None:
    chosen = plan(
        replace(request("", "24GiB,link=54GB/s", build=11434), model=model("gpt-oss-120b", "MXFP4"))
    )
    away = experts_on_the_cpu(chosen)
    matrices = {name for name in away if name.endswith("weight")}
    assert matrices
    assert {name.replace("weight", "bias") for name in matrices} == away - matrices


H200 = "name=CUDA0,free=12GiB,bandwidth=4800GB/s,link=54GB/s,compute=500T"


@pytest.mark.parametrize(("ram", "cached"), [("153GB/s", False), ("28GB/s", True)])
@pytest.mark.parametrize("misses", [None, 2.0])
def test_where_routing_is_known_to_be_uniform_link_and_processor_decide(
    ram: str, cached: bool, misses: float | None
) -> None:
    """Two H200: with one's processor a static line took 0.75 times as long, with another's a mix 0.83 times, both with uniform routing."""
    asked = request("", H200)
    memory, cpu = declare_host(Ram(512 * GIB, 512 * GIB), Cpu(32, 32), None, ram, 32)
    known = ((asked.model.fingerprint, misses),) if misses is not None else ()
    chosen = plan(replace(asked, machine=replace(asked.machine, ram=memory, cpu=cpu, misses=known)))
    assert (misses is None or cached) is (chosen.strategy == MOE_CACHE)


CARD_WITH_A_SLOW_LINK = "free=11.6GiB,bandwidth=360GB/s,compute=51T,link=13GB/s"


def share_of(argv: tuple[str, ...]) -> float | None:
    return float(argv[argv.index("--moe-cache-cpu-share") + 1]) if "--moe-cache-cpu-share" in argv else None


@pytest.mark.parametrize("words", ["", "-cmoe --moe-cache-mib 4000"], ids=["moefit's cache", "the user's"])
def test_where_the_link_is_slow_the_cpu_computes_a_part_of_the_misses_if_the_program_can(words: str) -> None:
    plans = [
        plan(request(words, CARD_WITH_A_SLOW_LINK, table=table))
        for table in (later(), builtin("llama-server"))
    ]
    assert [True, False] == [0.0 < (share_of(chosen.argv) or 0.0) < 1.0 for chosen in plans]
    assert plans[0].prediction.seconds < plans[1].prediction.seconds


def test_a_users_share_is_kept() -> None:
    words = "-cmoe --moe-cache-mib 4000 --moe-cache-cpu-share 0.1"
    chosen = plan(request(words, CARD_WITH_A_SLOW_LINK, table=later()))
    assert 0.1 == share_of(chosen.argv)


def test_where_the_link_is_fast_and_ram_is_slow_the_cpu_computes_no_misses() -> None:
    chosen = plan(request("", f"{CARD},link=54GB/s", table=later()))
    assert (True, None) == (cache_of(chosen.argv) is not None, share_of(chosen.argv))


def test_planning_a_line_with_a_share_again_changes_nothing() -> None:
    chosen = plan(request("", CARD_WITH_A_SLOW_LINK, table=later()))
    again = plan(request(" ".join(chosen.argv[5:]), CARD_WITH_A_SLOW_LINK, table=later()))
    assert chosen.argv == again.argv


def test_llama_bench_gets_none_for_it_has_no_such_option() -> None:
    asked = as_bench(request())
    assert MOE_CACHE != plan(asked).strategy


def test_the_estimate_of_a_line_with_a_cache_is_the_plan_itself() -> None:
    chosen = made()
    again = estimate(request(" ".join(chosen.argv[5:])))
    assert [d.use for d in chosen.devices] == [d.use for d in again.devices]
    assert chosen.prediction.seconds == pytest.approx(again.prediction.seconds)


def test_planning_a_line_with_a_cache_again_changes_nothing() -> None:
    chosen = made()
    assert chosen.argv == plan(request(" ".join(chosen.argv[5:]))).argv


def test_several_devices_get_the_ts_that_the_cache_is_split_by() -> None:
    chosen = made("", "8GiB,bandwidth=360GB/s,link=25GB/s", "4GiB,bandwidth=360GB/s,link=25GB/s")
    again = estimate(
        request(
            " ".join(chosen.argv[5:]),
            "8GiB,bandwidth=360GB/s,link=25GB/s",
            "4GiB,bandwidth=360GB/s,link=25GB/s",
        )
    )
    assert (True, True) == ("-ts" in chosen.argv, cache_of(chosen.argv) is not None)
    assert [d.use for d in chosen.devices] == [d.use for d in again.devices]


def test_experts_that_the_user_keeps_on_the_cpu_get_a_cache_in_the_room_that_is_left() -> None:
    chosen = made("-cmoe")
    assert (True, True) == ("-cmoe" in chosen.argv, (cache_of(chosen.argv) or 0) > 8000)


def test_a_users_cache_is_kept_counted_and_planned_around() -> None:
    chosen = made("--moe-cache-mib 4000")
    held = chosen.moe_cache
    assert held is not None
    assert (4000, True, True) == (
        cache_of(chosen.argv),
        3900 << 20 < sum(held.devices) <= 4000 << 20,
        all(device.left >= 0 for device in chosen.devices),
    )


def test_a_variable_sets_the_cache_as_the_line_does() -> None:
    command = parse(["llama-server", "-m", "m.gguf"], builtin("llama-server"))
    assert (
        3000 << 20
        == constraints(command.name, effective(command, (), {"LLAMA_ARG_MOE_CACHE_MIB": "3000"})).moe_cache
    )


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (request("--moe-cache-mib 10"), "too small for the experts that one token uses"),
        (
            replace(request("--moe-cache-mib 9000 -ctk q8_0"), model=model("dbrx", "Q4_K_M")),
            "its graph is too small for both",
        ),
        (request("--moe-cache-mib 4000 -dev none"), "no device holds it"),
        (request("--moe-cache-mib 4000 -sm tensor"), "-sm tensor cannot have one"),
        (
            replace(request("--moe-cache-mib 4000"), model=model("qwen3-14b", "Q4_K_M")),
            "the model has no experts",
        ),
    ],
)
def test_a_cache_with_which_llama_cpp_does_not_start_is_refused(asked: Request, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        plan(asked)


@pytest.mark.parametrize(
    ("name", "types", "ends"),
    [
        ("dbrx", ("q8_0", "q8_0"), True),
        ("dbrx", ("f16", "f16"), False),
        ("mixtral-8x7b", ("q8_0", "q8_0"), False),
        ("nemotron-3-nano-30b-a3b", ("q8_0", "q8_0"), False),
    ],
)
def test_with_which_models_a_quantised_kv_cache_leaves_no_nodes_for_a_cache(
    name: str, types: tuple[str, str], ends: bool
) -> None:
    """As b11549 answers on an RPC device: -c 4096 -cmoe --no-repack and a cache of half the experts."""
    assert ends is overflows(model(name, "Q4_K_M"), types, 11549)
    assert not overflows(model(name, "Q4_K_M"), types, 12569)


@pytest.mark.parametrize(("types", "written"), [("f16", True), ("q8_0", False)])
def test_no_cache_is_written_where_llama_cpp_would_end(types: str, written: bool) -> None:
    card = "free=24GiB,bandwidth=1800GB/s,link=54GB/s,compute=400T"
    asked = replace(request(f"-ctk {types} -ctv {types}", card), model=model("dbrx", "Q4_K_M"))
    roomy = replace(asked, machine=replace(asked.machine, ram=Ram(256 * GIB, 256 * GIB, 60 * 10**9)))
    assert written is (cache_of(plan(roomy).argv or ()) is not None)


def test_a_cache_that_no_layer_uses_is_said() -> None:
    said = [w.message for w in made("--moe-cache-mib 4000", "24GiB").warnings if w.code == "moe-cache"]
    assert ["caches nothing"] == [word for word in ("caches nothing",) if said and word in said[0]]


def test_what_was_assumed_of_its_hits_is_said() -> None:
    assert [True] == [
        "if routing were uniform" in w.message for w in made().warnings if w.code == "moe-cache"
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [("-cmoe", True), ("-ncmoe 30", True), ("-ot _exps[.]weight=CPU", False)],
)
def test_biases_that_a_line_leaves_on_the_cpu_beside_a_cache_are_said(words: str, said: bool) -> None:
    asked = request(f"-ngl 99 --moe-cache-mib 8000 {words}", "24GiB,link=54GB/s")
    found = estimate(replace(asked, model=model("gpt-oss-120b", "MXFP4")))
    assert said is any(warning.code == "moe-cache-biases" for warning in found.warnings)


def test_bench_runs_the_best_line_without_a_cache_beside_one_with_it() -> None:
    """Its hits are what nobody knows beforehand."""
    first, second, *_ = trials(made(), request(), 2)
    assert (True, False) == ("--moe-cache-mib" in first.argv, "--moe-cache-mib" in second.argv)
    assert second.candidate.strategy == "base-first"


def _on_a_server() -> Request:
    """RAM that is twice as fast as the link."""
    asked = request("", "free=12GiB,bandwidth=4800GB/s,link=54GB/s,compute=989T")
    ram, cpu = declare_host(Ram(512 * GIB, 512 * GIB), Cpu(32, 32), None, "127GB/s", 32)
    return replace(asked, machine=replace(asked.machine, ram=ram, cpu=cpu))


def _at_stake(made: Plan) -> list[list[float]]:
    """Seconds of the line, of the line with uniform routing, and without a cache, as a note says them."""
    said = [w.message for w in made.warnings if w.code == "moe-cache-routing"]
    return [[float(number) for number in re.findall(r"(\d+[.]\d) s", message)] for message in said]


def test_what_uniform_routing_would_turn_is_said_with_the_seconds_of_each_line() -> None:
    made = plan(_on_a_server())
    [[likely, even, without]] = _at_stake(made)
    assert likely == round(made.prediction.seconds, 1)
    assert likely < without < even


def test_where_two_models_in_five_route_evenly_the_line_with_a_cache_is_still_the_better_bet() -> None:
    """Measured on an H200 with 12 GiB free: 4.0 and 9.9 s with a cache, 7.1 s without; so it is up to one in two."""
    asked = _on_a_server()
    rented = replace(asked.machine, cpu=replace(asked.machine.cpu, virtual=True))
    [[likely, even, without]] = _at_stake(plan(replace(asked, machine=rented)))
    assert 0.6 * likely + 0.4 * even < without


def test_nothing_is_at_stake_once_the_model_s_routing_is_known() -> None:
    asked = _on_a_server()
    known = replace(asked.machine, misses=((asked.model.fingerprint, 0.9),))
    assert [] == _at_stake(plan(replace(asked, machine=known)))


def test_nothing_is_at_stake_where_the_cache_wins_with_uniform_routing_too() -> None:
    """Slow RAM beside a good link."""
    asked = _on_a_server()
    ram, cpu = declare_host(Ram(512 * GIB, 512 * GIB), Cpu(4, 4), None, "12GB/s", 4)
    made = plan(replace(asked, machine=replace(asked.machine, ram=ram, cpu=cpu)))
    assert (MOE_CACHE, []) == (made.strategy, _at_stake(made))


def test_of_a_cache_that_the_user_set_nothing_is_at_stake() -> None:
    asked = request("--moe-cache-mib 4000", "free=12GiB,bandwidth=4800GB/s,link=54GB/s,compute=989T")
    assert [] == _at_stake(plan(asked))


def test_a_card_with_the_output_alone_has_no_part_of_the_cache_and_the_others_room_for_it() -> None:
    cards = ("rtx-3060,free=6GiB", "rtx-3060,free=6GiB", "rtx-3060,free=4GiB")
    chosen = made("-ts 24,24,1", *cards)
    assert (MOE_CACHE, (24, 24, 0)) == (chosen.strategy, tuple(len(d.layers) for d in chosen.devices))


EIGHT = ("rtx-3060,free=2600MiB", "rtx-2060,free=2400MiB") * 4


@pytest.mark.parametrize("words", ["", "--moe-cache-mib 0", "-c 8192 -ub 1024"][: several(1, 3)])
def test_on_many_cards_a_page_chooses_what_args_does(words: str) -> None:
    asked = request(words, *EIGHT)
    pages = [replace(asked, options=replace(QUICK, thorough=True, neighbours=n)) for n in (False, True)]
    lines = [plan(one).argv for one in (asked, *pages)]
    assert lines[0]
    assert lines == [lines[0]] * 3


def test_a_cache_that_wins_on_many_cards_is_weighed_before_their_orders() -> None:
    chosen = made("", *EIGHT)
    assert MOE_CACHE == chosen.strategy
    assert len({c.settings.ubatch for c in chosen.candidates if c.strategy != MOE_CACHE}) == 1


def test_where_every_layer_keeps_its_experts_on_a_device_nothing_is_left_to_cache() -> None:
    """Two layers on three small cards: no device has one whose experts would be in the cache."""
    cards = parse_gpus(
        [f"free={free}MiB,bandwidth={rate}GB/s,link=6GB/s,overhead=100MiB" for free, rate in _SMALL]
    )
    small = make_model(layers=2, width=4, experts=64, dense=0, quant="f16", tied=False)
    host = Machine(cards, Ram(1 << 30, 1 << 30, 50 * 10**9), Cpu(8, 16))
    made = plan(Request(small, host, launch(("llama-server", "-m", "m.gguf", "-c", "4096")), QUICK))

    assert made.fits
    assert cache_of(made.argv) is None


_SMALL = ((458, 400), (565, 200), (456, 400))


@pytest.mark.parametrize("words", ["-ngl 30 -cmoe", "-ngl 20", "-ngl 30"])
@pytest.mark.parametrize("cards", [("rtx-3060", "rtx-3090"), ("rtx-3060", "rtx-3060-ti")])
def test_so_many_layers_as_the_user_wants_leave_a_plan_on_two_cards(words, cards):
    """No cache on other devices parts all layers where the line wants a few."""
    placed = made(words, *cards).placement
    assert int(words.split()[1]) == len(placed.slots) - placed.slots.count(CPU)
