"""What goes with the fastest placement: threads, pinned memory, the threshold for copies, and advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moefit.machine.declared import parse_gpus
from moefit.machine.types import Cpu, Machine, Ram
from moefit.planning.core import plan
from moefit.planning.trials import trials
from moefit.planning.types import Options
from moefit.workload import Workload
from tests.oracle import model as recorded
from tests.planning.worlds import launch

GIB = 1 << 30
MACHINE = Machine(parse_gpus(["rtx-3060"]), Ram(64 * GIB, 60 * GIB, 50 * 10**9), Cpu(8, 16))
OPTIONS = Options(Workload(2048, 512))
LINE = ("llama-server", "-m", "qwen3.gguf", "-c", "16384")


@pytest.fixture(scope="module")
def experts():
    return recorded("qwen3-30b-a3b", "Q4_K_M")


def planned(model, machine=MACHINE, *words, min_batch=None):
    line = launch((*LINE, *words))
    line = replace(line, constraints=replace(line.constraints, op_offload_min_batch=min_batch))
    return plan(model, machine, line, OPTIONS)


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
        assert made.argv == plan(experts, capped, launch(made.argv), OPTIONS).argv


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
    SLOW = replace(MACHINE, gpus=parse_gpus(["rtx-3060,link=3GB/s"]))

    def test_a_slow_link_is_used_for_larger_batches_only(self, experts):
        [(name, tokens)] = planned(experts, self.SLOW).environment.items()
        assert "GGML_OP_OFFLOAD_MIN_BATCH" == name
        assert int(tokens) >= 64

    def test_it_never_makes_the_prediction_worse(self, experts):
        made = planned(experts, self.SLOW)
        plain = planned(experts, self.SLOW, min_batch=32)
        assert made.prediction.seconds <= plain.prediction.seconds

    def test_the_users_own_is_kept_and_not_said_again(self, experts):
        made = planned(experts, self.SLOW, min_batch=500)
        assert ({}, 500) == (made.environment, made.settings.op_offload_min_batch)

    def test_nothing_is_set_where_no_weights_are_on_the_cpu(self, experts):
        assert {} == planned(experts, replace(MACHINE, gpus=parse_gpus(["rtx-5090"]))).environment

    def test_nothing_is_set_where_the_device_does_not_copy(self, experts):
        rpc = parse_gpus(["name=RPC0,free=11GiB,buffer=RPC0[127.0.0.1:50052]"])
        assert {} == planned(experts, replace(MACHINE, gpus=rpc)).environment


class TestTrials:
    def test_the_chosen_line_is_run_first_with_its_environment(self, experts):
        made = planned(experts, TestThreshold.SLOW)
        first, second, *_ = trials(made, TestThreshold.SLOW, launch(LINE), 2)
        assert (made.argv, made.environment) == (first.argv, first.environment)
        assert first.argv != second.argv

    def test_llama_cpps_own_fit_gets_the_same_context(self, experts):
        line = launch(LINE[:3])
        made = plan(experts, MACHINE, line, OPTIONS)
        *_, fit = trials(made, MACHINE, line, 1)
        assert ("--fit", (*LINE[:3], "-c", "32768")) == (fit.name, fit.argv)

    def test_a_user_who_turns_it_off_is_not_shown_it(self, experts):
        line = launch((*LINE, "--fit", "off"))
        assert "--fit" not in {
            t.name for t in trials(plan(experts, MACHINE, line, OPTIONS), MACHINE, line, 2)
        }


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
