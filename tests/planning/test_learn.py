"""Corrections from measured runs: near what explains them, and never beyond a factor of two."""

from dataclasses import replace

import pytest

from moefit.cost import Duration, Prediction
from moefit.cost.hits import HitRate, hit_rate
from moefit.cost.workload import Workload
from moefit.machine.calibration import Learned
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.memory.moe_cache import Group, MoeCache
from moefit.planning.learn import Lesson, explains, learn
from moefit.planning.trials import Hits, Outcome, Sample
from moefit.search.request import Request
from tests.planning.worlds import OPTIONS, launch, make_model

GIB = 1 << 30
GPU = Device(
    "CUDA0",
    GIB,
    GIB,
    description="a card",
    bandwidth=400 * 10**9,
    link_bandwidth=20 * 10**9,
    compute=50e12,
    uuid="GPU-1",
    source="nvml",
)
MACHINE = Machine((GPU,), Ram(64 * GIB, 64 * GIB, 50 * 10**9, source="calibration"), Cpu(8, 16), host="here")
WORKLOAD = Workload(1000, 100)
TERMS = (
    Duration("prefill", "products", "CUDA0", 1.0),
    Duration("prefill", "copies", "CUDA0", 4.0),
    Duration("decode", "weights", "CPU", 8.0),
    Duration("decode", "weights", "CUDA0", 1.0),
    Duration("decode", "hops", "CPU", 1.0),
)


@pytest.fixture
def outcome() -> Outcome:
    """A trial whose prediction is TERMS, and whose load mode is none."""
    from moefit.planning.core import plan
    from moefit.planning.trials import trials

    line = launch(("llama-server", "-m", "random.gguf", "-c", "4096", "-lm", "none"))
    request = Request(make_model(2, 1, 4, 0, "q8_0", tied=False), MACHINE, line, OPTIONS)
    [trial, *_] = trials(plan(request), request, 1)
    prediction = Prediction(200.0, 10.0, 1000, 100, 15.0, "calibrated", TERMS)
    return Outcome(replace(trial, candidate=replace(trial.candidate, prediction=prediction)))


def measured(outcome: Outcome, prefill: float, decode: float) -> Outcome:
    """The same, with one run that took so many seconds."""
    return outcome.after(Sample(1000 / prefill, 100 / decode))


def factors(lesson: Lesson) -> dict[tuple[str, str], float]:
    return {(one.place, one.figure): one.factor for one in lesson.learned}


def test_what_was_predicted_teaches_nothing(outcome):
    assert Lesson() == learn([measured(outcome, 5.0, 10.0)], MACHINE, WORKLOAD)


def test_slower_decode_means_slower_memory(outcome):
    found = factors(learn([measured(outcome, 5.0, 13.0)], MACHINE, WORKLOAD))
    assert 0.68 < found["CPU", "memory"] < 0.80
    assert ("GPU-1", "pinned") not in found


HIT = HitRate(0.25, 0.25, 0.8, 0.9)


def with_cache(outcome: Outcome, decode: float, *hits: Hits) -> Outcome:
    """Half of the predicted decode is misses of an expert cache, and one run took so many seconds of answer."""
    terms = (
        *TERMS[:2],
        Duration("decode", "weights", "CUDA0", 5.0),
        Duration("decode", "misses", "CUDA0", 5.0),
    )
    prediction = replace(outcome.trial.candidate.prediction, terms=terms, hit_rate=HIT)
    trial = replace(outcome.trial, candidate=replace(outcome.trial.candidate, prediction=prediction))
    found = measured(replace(outcome, trial=trial), 5.0, decode)
    return found.after(*hits) if hits else found


def test_the_link_is_not_blamed_for_more_misses(outcome):
    assert () == learn([with_cache(outcome, 10.0, Hits(8000, 2000))], MACHINE, WORKLOAD).learned
    assert () == learn([with_cache(outcome, 15.0, Hits(6000, 4000))], MACHINE, WORKLOAD).learned
    assert learn([with_cache(outcome, 15.0)], MACHINE, WORKLOAD).learned


def test_what_was_seen_of_a_cache_gives_its_hit_rate_back(outcome):
    lesson = learn([with_cache(outcome, 15.0, Hits(6000, 4000))], MACHINE, WORKLOAD)
    assert lesson.misses is not None
    assert 0.6 == pytest.approx(hit_rate(0.25, lesson.misses).likely, abs=0.001)


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        (Hits(6000, 4000), 6000 / 9000),
        (Hits(8600, 1400), 0.86),
        (Hits(6000, 1500), None),
    ],
    ids=["full for long", "hardly full, and few misses even so", "hardly full, and many misses"],
)
def test_misses_that_only_fill_a_cache_do_not_count(outcome, hits, expected):
    slots = Group(0, (0,), 4000, 1, 1000, 1000)
    chosen = outcome.trial.candidate
    footprint = replace(chosen.settled.footprint, moe_cache=MoeCache((slots,)))
    candidate = replace(chosen, settled=replace(chosen.settled, footprint=footprint))
    filled = replace(outcome, trial=replace(outcome.trial, candidate=candidate))
    lesson = learn([with_cache(filled, 15.0, hits)], MACHINE, WORKLOAD)
    learned = None if lesson.misses is None else hit_rate(0.25, lesson.misses).likely
    assert expected == (learned if learned is None else pytest.approx(learned, abs=0.001))


@pytest.mark.parametrize("hits", [None, Hits(90, 10)])
def test_a_few_tokens_say_nothing_of_a_cache(outcome, hits):
    assert learn([with_cache(outcome, 10.0, *filter(None, [hits]))], MACHINE, WORKLOAD).misses is None


def test_slower_prefill_is_mostly_the_link_that_most_of_it_is(outcome):
    found = factors(learn([measured(outcome, 7.0, 10.0)], MACHINE, WORKLOAD))
    assert found["GPU-1", "pinned"] < found["GPU-1", "compute"] < 1.0
    assert ("CPU", "memory") not in found


def test_the_corrected_terms_come_near_what_was_measured(outcome):
    found = factors(learn([measured(outcome, 7.0, 13.0)], MACHINE, WORKLOAD))
    prefill = 1.0 / found["GPU-1", "compute"] + 4.0 / found["GPU-1", "pinned"]
    decode = 8.0 / found["CPU", "memory"] + 1.0 / found.get(("GPU-1", "memory"), 1.0) + 1.0
    assert (7.0, 13.0) == (pytest.approx(prefill, rel=0.08), pytest.approx(decode, rel=0.08))


def test_a_figure_that_would_be_off_by_more_than_two_is_refused(outcome):
    lesson = learn([measured(outcome, 5.0, 90.0)], MACHINE, WORKLOAD)
    assert ("CPU", "memory") in lesson.refused
    assert ("CPU", "memory") not in factors(lesson)


def test_a_declared_figure_is_not_corrected(outcome):
    declared = replace(
        MACHINE, gpus=(replace(GPU, source="catalogue"),), ram=replace(MACHINE.ram, source="declared")
    )
    assert Lesson() == learn([measured(outcome, 9.0, 20.0)], declared, WORKLOAD)


def test_a_line_that_failed_teaches_nothing(outcome):
    assert Lesson() == learn([outcome], MACHINE, WORKLOAD)


def test_a_lesson_is_found_again_and_again(outcome):
    runs = [measured(outcome, 7.0, 13.0)]
    assert learn(runs, MACHINE, WORKLOAD) == learn(runs, MACHINE, WORKLOAD)
    assert all(isinstance(one, Learned) for one in learn(runs, MACHINE, WORKLOAD).learned)


@pytest.mark.parametrize(
    ("prefill", "decode", "explained"), [(5.0, 10.0, True), (5.0, 13.0, True), (40.0, 10.0, False)]
)
def test_a_run_is_explained_only_if_its_prediction_comes_close(outcome, prefill, decode, explained):
    ran = measured(outcome, prefill, decode)
    lesson = learn([ran], MACHINE, WORKLOAD)
    assert explained is explains(replace(lesson, refused=()), ran, MACHINE, WORKLOAD)
