"""What goes with the fastest placement: threads, pinned memory, the threshold for copies, and advice."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from moefit.cost.workload import Workload
from moefit.machine.declared import apply_limits, parse_gpus
from moefit.machine.file import from_json, to_json
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.estimate import estimate
from moefit.planning.trials import trials
from moefit.search.request import Options, Request
from tests.oracle import model as recorded
from tests.planning.worlds import launch

GIB = 1 << 30
MACHINE = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16))
OPTIONS = Options(Workload(2048, 512), thorough=False)
EVERY = replace(OPTIONS, thorough=True)
"""With all candidates of a page."""
LINE = ("llama-server", "-m", "qwen3.gguf", "-c", "16384")


@pytest.fixture(scope="module")
def experts():
    return recorded("qwen3-30b-a3b", "Q4_K_M")


@pytest.fixture(scope="module")
def gemma():
    return recorded("gemma-3-12b", "Q4_K_M")


PLANS = {}
"""Many tests ask about one plan: model, machine and words -> the plan."""


def planned(model, machine=MACHINE, *words, min_batch=None):
    asked = (id(model), machine, words, min_batch)
    if asked not in PLANS:
        line = launch((*LINE, *words))
        line = replace(line, constraints=replace(line.constraints, op_offload_min_batch=min_batch))
        PLANS[asked] = plan(Request(model, machine, line, OPTIONS))
    return PLANS[asked]


def value(argv, option):
    """What follows an option, or None."""
    return argv[argv.index(option) + 1] if option in argv else None


def codes(made):
    return {warning.code for warning in made.warnings}


class TestThreads:
    def test_where_llama_cpp_would_start_too_many_they_are_set(self, experts):
        capped = replace(MACHINE, cpu=Cpu(4, 4, quota=4.5, default_threads=16))
        made = planned(experts, capped)
        assert ("4", 4) == (value(made.argv, "-t"), made.settings.threads)

    def test_where_llama_cpps_own_number_is_right_they_are_not(self, experts):
        assert "-t" not in planned(experts, replace(MACHINE, cpu=Cpu(8, 16, default_threads=8))).argv

    def test_on_a_declared_machine_they_are_not(self, experts):
        assert "-t" not in planned(experts).argv

    def test_the_users_own_stay(self, experts):
        capped = replace(MACHINE, cpu=Cpu(4, 4, default_threads=16))
        assert "12" == value(planned(experts, capped, "-t", "12").argv, "-t")

    def test_planning_again_changes_nothing(self, experts):
        capped = replace(MACHINE, cpu=Cpu(4, 4, default_threads=16))
        made = planned(experts, capped)
        assert made.argv == plan(Request(experts, capped, launch(made.argv), OPTIONS)).argv


class TestPinnedMemory:
    def test_experts_are_pinned_where_nothing_forbids_it(self, experts):
        assert "none" == value(planned(experts).argv, "-lm")

    def test_where_less_may_be_pinned_than_needed_they_are_mapped(self, experts):
        wsl = replace(MACHINE, ram=replace(MACHINE.ram, unlocked_limit=4 * GIB))
        made = planned(experts, wsl)
        assert (True, None) == (made.fits, value(made.argv, "-lm"))

    def test_where_enough_may_be_pinned_they_are(self, experts):
        wsl = replace(MACHINE, ram=replace(MACHINE.ram, unlocked_limit=30 * GIB))
        assert "none" == value(planned(experts, wsl).argv, "-lm")

    def test_the_users_own_mode_stays(self, experts):
        wsl = replace(MACHINE, ram=replace(MACHINE.ram, unlocked_limit=4 * GIB))
        made = planned(experts, wsl, "-lm", "none")
        assert (True, "none") == (made.fits, value(made.argv, "-lm"))


class TestThreshold:
    SLOW = replace(MACHINE, gpus=parse_gpus(["rtx-3060,link=5GB/s"]))

    def test_what_gains_a_hair_is_not_set(self, experts):
        assert {} == planned(experts, self.SLOW).environment

    def test_where_it_gains_it_is_set_and_never_beyond_the_micro_batch(self, experts):
        line = launch((*LINE, "-ub", "1024"))
        made = plan(Request(experts, self.SLOW, line, Options(Workload(300, 16), thorough=False)))
        [(name, tokens)] = made.environment.items() or [("", 0)]
        assert ("GGML_OP_OFFLOAD_MIN_BATCH", True) == (name, 64 <= int(tokens) <= 1024)

    def test_it_never_makes_the_prediction_worse(self, experts):
        made = planned(experts, self.SLOW)
        plain = planned(experts, self.SLOW, min_batch=32)
        assert made.prediction.seconds <= plain.prediction.seconds

    def test_the_users_own_is_kept_and_not_said_again(self, experts):
        made = planned(experts, self.SLOW, min_batch=500)
        assert ({}, 500) == (made.environment, made.settings.op_offload_min_batch)

    def test_a_link_too_slow_for_copies_leaves_the_device_its_layers(self):
        """The same device, with the default threshold, would only be in the way."""
        crawling = replace(
            MACHINE, gpus=parse_gpus(["rtx-3090,link=0.5GB/s"]), ram=Ram(96 * GIB, 96 * GIB, 60 * 10**9)
        )
        crawling = replace(crawling, cpu=Cpu(24, 24))
        made = planned(recorded("gpt-oss-120b", "MXFP4"), crawling, "-c", "32768")
        assert {0} == set(made.placement.slots)
        assert ({}, True) == (made.environment, "--no-op-offload" in made.argv)

    def test_without_copies_the_printed_line_is_estimated_as_planned(self):
        crawling = replace(
            MACHINE, gpus=parse_gpus(["rtx-3090,link=0.5GB/s"]), ram=Ram(96 * GIB, 96 * GIB, 60 * 10**9)
        )
        crawling = replace(crawling, cpu=Cpu(24, 24))
        model = recorded("gpt-oss-120b", "MXFP4")
        made = planned(model, crawling, "-c", "32768")
        given = estimate(Request(model, crawling, launch(made.argv), OPTIONS))
        assert [d.use for d in made.devices] == [d.use for d in given.devices]

    def test_nothing_is_set_where_no_weights_are_on_the_cpu(self, experts):
        assert {} == planned(experts, replace(MACHINE, gpus=parse_gpus(["rtx-5090"]))).environment

    def test_nothing_is_set_where_the_device_does_not_copy(self, experts):
        rpc = parse_gpus(["name=RPC0,free=11GiB,buffer=RPC0[127.0.0.1:50052]"])
        assert {} == planned(experts, replace(MACHINE, gpus=rpc)).environment


class TestTrials:
    def test_the_chosen_line_is_run_first_with_its_environment(self, experts):
        made = planned(experts, TestThreshold.SLOW)
        first, second, *_ = trials(made, Request(experts, TestThreshold.SLOW, launch(LINE), EVERY), 2)
        assert (made.argv, made.environment) == (first.argv, first.environment)
        assert first.argv != second.argv

    def test_with_a_strategy_of_the_users_the_chosen_line_is_first_all_the_same(self, experts):
        made = plan(Request(experts, MACHINE, launch(LINE), replace(EVERY, strategy="two-pass")))
        first, *_ = trials(made, Request(experts, MACHINE, launch(LINE), EVERY), 2)
        assert made.argv == first.argv

    def test_llama_cpps_own_fit_gets_the_same_context(self, experts):
        line = launch(LINE[:3])
        made = plan(Request(experts, MACHINE, line, EVERY))
        *_, fit = trials(made, Request(experts, MACHINE, line, EVERY), 1)
        assert ("--fit", (*LINE[:3], "-c", "32768")) == (fit.name, fit.argv)

    def test_a_user_who_turns_it_off_is_not_shown_it(self, experts):
        request = Request(experts, MACHINE, launch((*LINE, "--fit", "off")), EVERY)
        assert "--fit" not in {t.name for t in trials(plan(request), request, 2)}


class TestAdvice:
    def test_nodes_are_named_where_weights_are_on_the_cpu(self, experts):
        two = replace(MACHINE, cpu=Cpu(8, 16, numa_nodes=2))
        assert "numa" in codes(planned(experts, two))
        assert "numa" not in codes(planned(experts, two, "--numa", "distribute"))
        assert "numa" not in codes(planned(experts))
        assert "numa" not in codes(planned(experts, replace(two, gpus=parse_gpus(["rtx-5090"]))))

    def test_one_slot_is_suggested_where_states_take_memory_that_experts_could_use(self):
        hybrid = recorded("qwen3-next-80b-a3b", "Q4_K_M")
        made = planned(hybrid)
        [advice] = [warning for warning in made.warnings if warning.code == "slots"]
        assert "-np 1" in (advice.hint or "")
        assert "-np" not in made.argv
        assert "slots" not in codes(planned(hybrid, MACHINE, "-np", "2"))

    def test_slots_that_share_one_cache_are_no_reason(self, experts):
        assert "slots" not in codes(planned(experts))

    def test_speculation_that_slows_answers_down_is_told(self):
        """Experts on the CPU: each drafted token brings others."""
        roomy = replace(MACHINE, ram=Ram(128 * GIB, 120 * GIB, 50 * 10**9))
        assert "speculation" in codes(
            planned(recorded("glm-4.5-air", "Q4_K_M"), roomy, "--spec-type", "draft-mtp")
        )

    def test_speculation_that_pays_is_not(self):
        whole = replace(MACHINE, gpus=parse_gpus(["rtx-5090"]))
        made = planned(recorded("qwen3.5-35b-a3b-mtp", "Q4_K_M"), whole, "--spec-type", "draft-mtp")
        assert made.fits
        assert "speculation" not in codes(made)


def test_rpc_servers_of_a_declared_machine_are_kept_out_of_its_plan(experts):
    """Nothing is known of them, and llama.cpp would give them layers."""
    made = planned(experts, MACHINE, "--rpc", "1.2.3.4:50052")
    assert ("CUDA0", True) == (value(made.argv, "-dev"), "rpc-unknown" in codes(made))
    declared = replace(MACHINE, gpus=parse_gpus(["name=RPC0,free=64GiB,buffer=RPC0[1.2.3.4:50052]"]))
    assert "rpc-unknown" not in codes(planned(experts, declared, "--rpc", "1.2.3.4:50052"))


class TestExclude:
    TWO = replace(MACHINE, gpus=parse_gpus(["rtx-3060", "rtx-3060"]))

    @pytest.mark.parametrize(
        ("excluded", "used", "words"),
        [
            ("CUDA0", "CUDA1", ()),
            ("CUDA1", "CUDA0", ()),
            ("CUDA0,CUDA1", "none", ()),
            ("CUDA0", "CUDA1", ("-sm", "tensor", "-ngl", "4")),
        ],
    )
    def test_the_line_forbids_what_the_plan_leaves_out(self, experts, excluded, used, words):
        made = planned(experts, apply_limits(self.TWO, excluded=[excluded]), *words)
        assert used == value(made.argv, "-dev")

    def test_a_machine_file_remembers_it(self):
        machine = apply_limits(self.TWO, excluded=["CUDA0"])
        assert ("CUDA0",) == from_json(json.dumps(to_json(machine))).excluded


class TestMicroBatch:
    def test_the_batch_grows_with_the_users(self, experts):
        made = planned(experts, MACHINE, "-ub", "4096")
        assert ("4096", 4096) == (value(made.argv, "-b"), made.settings.ubatch)

    def test_the_users_batch_stays_and_caps_it_with_a_warning(self, experts):
        made = planned(experts, MACHINE, "-b", "512", "-ub", "4096")
        assert ("512", 512) == (value(made.argv, "-b"), made.settings.ubatch)
        assert "ubatch" in codes(made)

    def test_a_small_one_leaves_the_batch_alone(self, experts):
        assert "-b" not in planned(experts, MACHINE, "-ub", "256").argv


class TestContext:
    SHORT = replace(MACHINE, ram=Ram(8 * GIB, 8 * GIB, 50 * 10**9))

    def auto(self, model, machine, **options):
        line = launch(("llama-server", "-m", "qwen3.gguf"))
        return plan(Request(model, machine, line, replace(OPTIONS, **options)))

    def test_where_ram_is_short_it_gives_way_until_something_fits(self, experts):
        made = self.auto(experts, self.SHORT)
        assert (True, str(made.settings.context)) == (made.fits, value(made.argv, "-c"))
        assert 4096 <= made.settings.context < 32768
        [note] = [w.message for w in made.warnings if w.code == "context"]
        assert "nothing would fit" in note

    def test_the_users_own_never_does(self, experts):
        assert not planned(experts, self.SHORT, "-c", "32768").fits

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("-c", "40960"), False),
            (("-c", "50000"), True),
            (("-c", "163840", "-np", "4"), False),
            (("-c", "163840", "-np", "4", "-kvu"), True),
        ],
    )
    def test_more_than_a_slot_can_use_is_told(self, experts, words, told):
        """Qwen3-30B-A3B was trained for 40,960 tokens."""
        roomy = replace(MACHINE, gpus=parse_gpus(["rtx-3090"]))
        assert told == ("long-context" in codes(planned(experts, roomy, *words)))

    @pytest.mark.parametrize(("prompt", "told"), [(16384, False), (16385, True)])
    def test_a_workload_longer_than_it_is_told(self, experts, prompt, told):
        made = plan(Request(experts, MACHINE, launch(LINE), Options(Workload(prompt, 512), thorough=False)))
        assert told == ("workload" in codes(made))


class TestLeftOut:
    @pytest.mark.parametrize(
        ("gpu", "why"),
        [("500MiB", "less than driver and margin"), ("8GiB,bandwidth=5GB/s", "nothing faster")],
    )
    def test_a_device_that_is_not_used_is_told_with_the_reason(self, experts, gpu, why):
        machine = replace(MACHINE, gpus=parse_gpus(["rtx-3060", gpu]))
        [note] = [w.message for w in planned(experts, machine).warnings if w.code == "left-out"]
        assert note.startswith("CUDA1")
        assert why in note


class TestRam:
    def test_cached_prompts_leave_room_for_the_program_itself(self, experts):
        made = planned(experts, replace(MACHINE, ram=Ram(16 * GIB, 16 * GIB, 50 * 10**9)))
        assert 0 <= made.host_left < 2 << 20
        assert int(value(made.argv, "-cram")) == made.host.cache >> 20

    @pytest.mark.parametrize(("more", "fits"), [(0, True), (2, False)])
    def test_without_room_for_it_nothing_fits(self, experts, more, fits):
        machine = replace(MACHINE, ram=Ram(18 * GIB, 18 * GIB, 50 * 10**9))
        line = ("-ngl", "49", "-ot", "exps=CPU", "-ub", "512", "-lm", "none")
        room = int(value(planned(experts, machine, *line).argv, "-cram"))
        assert fits == planned(experts, machine, *line, "-cram", str(room + more)).fits


class TestCheckpoints:
    """Gemma 3 has 128 of 226 MiB each, four slots' 32."""

    GAMER = replace(MACHINE, gpus=parse_gpus(["rtx-3090"]), ram=Ram(32 * GIB, 32 * GIB, 50 * 10**9))

    def test_they_give_way_where_ram_is_short(self, gemma):
        made = planned(gemma, self.GAMER)
        assert (True, None) == (made.fits, value(made.argv, "-cram"))
        assert 4 <= int(value(made.argv, "-ctxcp")) < 32
        assert made.host_left >= 0

    def test_then_saved_prompts_and_then_the_last_of_them(self, gemma):
        made = planned(gemma, replace(self.GAMER, ram=Ram(10 * GIB, 10 * GIB, 50 * 10**9)))
        assert (True, "4") == (made.fits, value(made.argv, "-ctxcp"))
        assert 0 < int(value(made.argv, "-cram")) < 8192
        tiny = planned(gemma, replace(self.GAMER, ram=Ram(2 * GIB, 2 * GIB, 50 * 10**9)))
        assert (True, "0") == (tiny.fits, value(tiny.argv, "-cram"))
        assert int(value(tiny.argv, "-ctxcp")) < 4

    def test_the_users_own_stay(self, gemma):
        assert not planned(gemma, self.GAMER, "-ctxcp", "32", "-cram", "8192").fits


class TestMicroBatchOfLess:
    def test_one_below_the_default_is_tried_where_it_lets_everything_onto_the_card(self):
        """Mixtral on 32 GB with a context of 32768: 16% faster than the best with 512."""
        machine = Machine(parse_gpus(["rtx-5090"]), Ram(128 * GIB, 128 * GIB, 80 * 10**9), Cpu(4, 4))
        made = plan(
            Request(recorded("mixtral-8x7b", "Q4_K_M"), machine, launch((*LINE[:3], "-c", "32768")), OPTIONS)
        )
        assert ("256", None) == (value(made.argv, "-ub"), value(made.argv, "-ot"))


class TestOverrides:
    @pytest.mark.parametrize(
        ("value", "told"), [("exps=CPU", []), ("expz=CPU", ["expz"]), ("exps=CPU,expz=CUDA0", ["expz"])]
    )
    def test_a_pattern_without_a_tensor_is_told(self, experts, value, told):
        made = planned(experts, MACHINE, "-ot", value)
        found = [w.message.rpartition(" ")[2] for w in made.warnings if w.code == "no-tensor"]
        assert told == found


def test_a_card_without_free_memory_is_an_estimate_that_does_not_fit(experts):
    machine = replace(MACHINE, gpus=parse_gpus(["rtx-3060,free=0"]))
    assert not estimate(
        Request(experts, machine, launch((*LINE, "-ngl", "99", "-ncmoe", "30")), OPTIONS)
    ).fits
