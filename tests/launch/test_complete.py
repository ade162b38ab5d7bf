from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moefit.errors import UsageError
from moefit.launch.command import parse
from moefit.launch.complete import Addition, Completion, complete, placement_additions
from moefit.launch.constraints import constraints
from moefit.launch.help_page import parse_help
from moefit.launch.options import OptionTable
from moefit.launch.precedence import effective
from moefit.launch.resolve import fixed_tensors
from moefit.machine.types import CPU, Device
from moefit.placement.types import Placement
from tests.launch.names import SPLIT, tensor_names
from tests.launch.reading import fixed

NAMES = tensor_names(48, *SPLIT)
CARDS = tuple(Device(f"CUDA{i}", 12 << 30, 12 << 30) for i in range(3))
OLD = parse_help(
    "llama-server",
    "-m,    --model FNAME     x\n-ngl,  --n-gpu-layers N  x\n-ot,   --override-tensor X  x\n-c,    --ctx-size N  x\n"
    "--mlock                  x\n--mmap, --no-mmap          x\n-md,   --model-draft FNAME  x\n--draft-max N              x\n",
)


def completed(
    line: str, *additions: Addition, table: OptionTable | None = None, **environment: str
) -> Completion:
    command = parse(line.split(), table)
    return complete(command, additions, effective(command, (), environment))


def tail(line: str, *additions: Addition, table: OptionTable | None = None, **environment: str) -> str:
    words = completed(line, *additions, table=table, **environment).argv
    return " ".join(words[len(line.split()) :])


def test_additions_follow_the_users_words_in_a_fixed_order() -> None:
    additions = [
        Addition("-ot", "a=CPU"),
        Addition("-ub", "1024"),
        Addition("-ngl", "49"),
        Addition("-c", "8192"),
    ]
    expected = "-c 8192 -ngl 49 -ot a=CPU -ub 1024 --fit off"
    assert [expected] * 2 == [tail("llama-server -m a.gguf", *some) for some in (additions, additions[::-1])]


def test_what_is_set_stays_and_nothing_is_said_twice() -> None:
    completion = completed(
        "llama-server -c 4096 --n-gpu-layers 20 --fit off", Addition("-c", "9"), Addition("-ngl", "9")
    )
    assert ["llama-server", "-c", "4096", "--n-gpu-layers", "20", "--fit", "off"] == list(completion.argv)
    assert () == completion.added


@pytest.mark.parametrize(
    ("words", "addition", "expected"),
    [
        ("-ngl auto", Addition("-ngl", "9"), "-ngl 9"),
        ("-ngl -1", Addition("-ngl", "9"), "-ngl 9"),
        ("-ngl 5 --gpu-layers auto", Addition("-ngl", "9"), "-ngl 9"),
        ("-ts 0,0", Addition("-ts", "2,1"), "-ts 2,1"),
        ("-t -1", Addition("-t", "8"), "-t 8"),
        ("-ngl all", Addition("-ngl", "9"), "-ngl all"),
        ("-ngl auto", Addition("-ub", "9"), "-ngl auto -ub 9"),
    ],
)
def test_what_a_word_leaves_open_gives_way_to_what_the_plan_says(words, addition, expected) -> None:
    command = parse(["llama-server", *words.split()])
    found = effective(command)
    completion = complete(command, [addition], found, constraints(command.name, found).left_open)

    assert f"llama-server {expected} --fit off" == " ".join(completion.argv)


def test_what_gave_way_is_told() -> None:
    command = parse(["llama-server", "-ngl", "auto"])
    (told,) = complete(command, [Addition("-ngl", "9")], effective(command), frozenset({"-ngl"})).dropped

    assert ("-ngl auto", "it leaves open what the plan settles") == (told.shown, told.why)


def test_without_a_device_by_mg_no_dev_is_needed() -> None:
    none = constraints(
        "llama-server", effective(parse(["llama-server", "-sm", "none", "-mg", "-1", "-ts", "2"]))
    )
    nothing = Placement((CPU,) * 49)
    assert "-dev" not in {a.option for a in placement_additions(nothing, (), NAMES, none, CARDS)}


def test_what_the_environment_sets_counts_as_set() -> None:
    assert "--fit off" == tail("llama-server -m a.gguf", Addition("-ngl", "9"), LLAMA_ARG_N_GPU_LAYERS="20")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("llama-server", "-ot x=CPU --fit off"),
        ("llama-server -ot y=CPU", "--override-tensor x=CPU --fit off"),
        ("llama-server --override-tensor y=CPU", "-ot x=CPU --fit off"),
        ("llama-server -ot y=CPU --override-tensor z=CPU", "--override-tensor x=CPU --fit off"),
        ("llama-server -cmoe", "-ot x=CPU --fit off"),
    ],
)
def test_an_override_takes_the_spelling_that_is_free(line: str, expected: str) -> None:
    assert expected == tail(line, Addition("-ot", "x=CPU"))


def test_overrides_stand_after_rpc() -> None:
    assert "llama-server --rpc h:1 -ot x=RPC0[h:1] --fit off" == " ".join(
        completed("llama-server --rpc h:1", Addition("-ot", "x=RPC0[h:1]")).argv
    )


def test_the_wrapper_stays_in_front() -> None:
    assert "numactl -N 0 ./llama-server -m a.gguf --fit off" == " ".join(
        completed("numactl -N 0 ./llama-server -m a.gguf").argv
    )


def test_llama_bench_gets_its_own_syntax_and_no_fit() -> None:
    additions = [
        Addition("-ts", "25,24"),
        Addition("-dev", "CUDA1,CUDA0"),
        Addition("-ot", "a=CPU,b=CUDA0"),
        Addition("-c", "9"),
    ]
    assert "-dev CUDA1/CUDA0 -ts 25/24 -ot a=CPU;b=CUDA0" == tail("llama-bench -m a.gguf", *additions)


def test_an_old_build_gets_the_old_words() -> None:
    line = "llama-server -m a.gguf"
    modes = {
        mode: tail(line, Addition("-lm", mode), table=OLD) for mode in ("none", "mmap", "mlock", "mmap+mlock")
    }
    assert {"none": "--no-mmap", "mmap": "", "mlock": "--no-mmap --mlock", "mmap+mlock": "--mlock"} == modes


def test_an_old_build_keeps_its_users_old_words() -> None:
    assert "" == tail("llama-server -m a.gguf --no-mmap", Addition("-lm", "none"), table=OLD)


def test_what_a_build_does_not_know_is_not_added() -> None:
    assert "" == tail("llama-server -m a.gguf", Addition("-cram", "1024"), Addition("-t", "4"), table=OLD)


@pytest.mark.parametrize("option", ["-ts", "-dev"])
def test_a_build_that_cannot_be_told_where_tensors_go_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match=f"this build of llama-server has no {option}, which the plan needs"):
        completed("llama-server -m a.gguf", Addition(option, "1,1"), table=OLD)


@pytest.mark.parametrize(
    ("line", "table", "expected", "dropped"),
    [
        ("llama-server --no-mmap -c 9", None, "llama-server -c 9 -lm none --fit off", ["--no-mmap"]),
        ("llama-server --mlock -c 9", None, "llama-server -c 9 -lm mmap+mlock --fit off", ["--mlock"]),
        ("llama-server --no-mmap -lm mmap", None, "llama-server -lm mmap --fit off", ["--no-mmap"]),
        ("llama-server --draft-max 8", None, "llama-server --spec-draft-n-max 8 --fit off", ["--draft-max"]),
        ("llama-server --load-mode none", OLD, "llama-server --no-mmap", ["--load-mode"]),
        ("llama-server -c 9 -cram 0 --fit off", OLD, "llama-server -c 9", ["-cram", "--fit"]),
    ],
)
def test_what_a_build_does_not_know_is_dropped_and_said_in_its_words(
    line: str, table: OptionTable | None, expected: str, dropped: list[str]
) -> None:
    completion = completed(line, table=table)
    assert expected == " ".join(completion.argv)
    assert dropped == [a.spelling for a in completion.dropped]


def test_kept_and_added_say_why() -> None:
    completion = completed("llama-server -c 9", Addition("-ngl", "3", "three fit"))
    assert ["-c"] == [a.spelling for a in completion.kept]
    assert [("-ngl", "3", "three fit"), ("-fit", "off", "start at once and land where the plan says")] == [
        (a.option, a.value, a.why) for a in completion.added
    ]


def additions(
    placement: Placement, devices: tuple[Device, ...], line: str = "llama-server", **kw: object
) -> str:
    found = placement_additions(placement, devices, NAMES, fixed(line), **kw)  # type: ignore[arg-type] # machine alone
    return " ".join(f"{a.option} {a.value}" for a in found)


def test_one_device_needs_no_split() -> None:
    assert "-ngl 41" == additions(Placement((*[CPU] * 8, *[0] * 41)), CARDS[:1])


def test_several_devices_are_split_by_layer_counts_output_included() -> None:
    assert "-dev CUDA0,CUDA1,CUDA2 -ngl 49 -ts 20,20,9" == additions(
        Placement((*[0] * 20, *[1] * 20, *[2] * 9)), CARDS
    )


def test_devices_that_are_not_all_in_their_order_are_listed() -> None:
    placement = Placement((*[0] * 20, *[1] * 29))
    assert "-dev CUDA2,CUDA0 -ngl 49 -ts 20,29" == additions(placement, (CARDS[2], CARDS[0]), machine=CARDS)
    assert "-dev CUDA1 -ngl 49" == additions(Placement((0,) * 49), CARDS[1:2], machine=CARDS)
    assert "-dev none -ngl 0" == additions(Placement((CPU,) * 49), (), machine=CARDS)


def test_what_the_user_fixed_is_not_said_again() -> None:
    placement = Placement((*[0] * 30, *[1] * 19))
    assert "" == additions(placement, CARDS[:2], "llama-server -ngl all -ts 30,19 -dev CUDA0,CUDA1")


def test_tensors_of_the_users_own_rules_get_no_pattern() -> None:
    moved = {name: CPU for name in NAMES if "exps" in name and int(name.split(".")[1]) >= 40}
    placement = Placement((0,) * 49, moved)
    assert "-ngl 49 -ot blk[.]4[2-7][.]ffn_(gate|up|down)_exps=CPU" == additions(
        placement, CARDS[:1], r"llama-server -ot blk\.(40|41)\.ffn_.*exps=CPU"
    )


def test_the_users_rules_shadow_names_so_that_ours_may_be_shorter() -> None:
    moved = {name: CPU for name in NAMES if "exps" in name}
    assert "-ngl 49 -ot [.]ffn_(gate|up|down)_exps=CPU" == additions(
        Placement((0,) * 49, moved), CARDS[:1], "llama-server -ot blk[.]7[.].*exps=CUDA0"
    )


def test_slots_that_llama_cpp_cannot_express_are_refused() -> None:
    with pytest.raises(UsageError, match="is no way to say"):
        additions(Placement((0, CPU, 0)), CARDS[:1])


@st.composite
def plans(draw: st.DrawFn) -> Placement:
    """Slots in runs, and some experts and attention elsewhere."""
    counts = draw(st.lists(st.integers(0, 20), min_size=4, max_size=4).filter(lambda c: sum(c) > 0))
    total = sum(counts)
    scaled = [count * 49 // total for count in counts]
    scaled[-1] += 49 - sum(scaled)
    slots = tuple(device for device, n in zip((CPU, 0, 1, 2), scaled, strict=True) for _ in range(n))
    moved: dict[str, int] = {}
    for suffix in draw(st.lists(st.sampled_from((*SPLIT, "attn_q.weight")), unique=True)):
        to = draw(st.sampled_from((CPU, 0, 1, 2)))
        layers = draw(st.sets(st.integers(0, 47)))
        moved |= {f"blk.{i}.{suffix}": to for i in layers if slots[i] != to}
    return Placement(slots, moved)


@settings(deadline=None)
@given(plans())
def test_a_placement_written_and_read_is_the_same(placement: Placement) -> None:
    line = "llama-server -m a.gguf"
    command = parse(line.split())
    found = placement_additions(placement, CARDS, NAMES, fixed(line), CARDS)
    completion = complete(command, found, effective(command))
    again = fixed(" ".join(completion.argv))
    assert placement.overrides == fixed_tensors(again.overrides, CARDS, NAMES)
    assert () == placement_additions(placement, CARDS, NAMES, again, CARDS)
    once_more = parse(completion.argv)
    assert (
        completion.argv
        == complete(once_more, found[:-1] if placement.overrides else found, effective(once_more)).argv
    )
