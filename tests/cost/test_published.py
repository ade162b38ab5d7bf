"""Predictions against figures that people published of their own machines (published.py).

Within a group, rows more than 15% apart are in the measured order in 80% of the pairs; over all rows the median error is at most
12%; four of five rows lie in the range that is shown. Prefill and decode each.
"""

from __future__ import annotations

import statistics

import pytest

from scripts.rate_errors import losses, ordered, within
from tests.cost.published import GROUPS, HELD, PHASES, UNSEEN, figures, kind_of, spread


def test_there_are_figures_of_many_machines_each_with_its_source() -> None:
    assert len({group["id"] for group in GROUPS}) == len(GROUPS) >= 30
    assert sum(len(figures(GROUPS, phase)) for phase in PHASES) >= 200
    assert all(group["source"].startswith("https://") for group in GROUPS)


def test_rates_that_shaped_no_constant_are_kept_apart_each_with_its_source_and_its_build() -> None:
    assert not {group["id"] for group in GROUPS} & {group["id"] for group in HELD}
    assert sum(len(figures(HELD, phase)) for phase in PHASES) >= 100
    assert len({(str(group["gpu"]), group["cpu"], group["source"]) for group in HELD}) >= 15
    assert all(group["source"].startswith("https://") and group["build"] for group in HELD)


def test_kinds_of_machines_are_told_by_their_devices() -> None:
    kinds = {group["id"]: kind_of(group) for group in HELD}
    assert kinds["normie-m4"] == "Apple"
    assert kinds["normie-rtx4070-laptop"] == "laptop"
    assert kinds["normie-3970x"] == "processor alone"
    assert kinds["geerling-rtx3060"] == "one NVIDIA card"


@pytest.mark.parametrize("phase", PHASES)
def test_rows_of_a_group_are_predicted_in_the_measured_order(phase: str) -> None:
    right = ordered(figures(GROUPS, phase))
    assert len(right) > 50
    assert sum(right) / len(right) >= 0.8


@pytest.mark.parametrize("phase", PHASES)
def test_the_median_error_is_at_most_twelve_percent(phase: str) -> None:
    errors = [abs(one.predicted / one.measured - 1) for one in figures(GROUPS, phase)]
    assert statistics.median(errors) <= 0.12


@pytest.mark.parametrize("phase", PHASES)
def test_four_of_five_held_rows_lie_within_the_range_that_is_shown(phase: str) -> None:
    inside = [within(one) for one in figures(HELD, phase)]
    assert 0.75 <= sum(inside) / len(inside) <= 0.9


@pytest.mark.parametrize("phase", PHASES)
def test_of_rows_that_shaped_constants_no_fewer_do(phase: str) -> None:
    inside = [within(one) for one in figures(GROUPS, phase)]
    assert 0.8 <= sum(inside) / len(inside)


def test_held_rows_are_in_the_measured_order_too() -> None:
    right = [good for phase in PHASES for good in ordered(figures(HELD, phase))]
    assert len(right) >= 30
    assert sum(right) / len(right) >= 0.95


def test_of_flags_that_strangers_measured_nine_choices_in_ten_lose_five_percent_at_most() -> None:
    lost = [loss for phase in PHASES for loss in losses([*figures(GROUPS, phase), *figures(HELD, phase)])]
    assert statistics.fmean(lost) <= 0.01
    assert sorted(lost)[int(0.9 * len(lost))] <= 0.05


@pytest.mark.parametrize("phase", PHASES)
def test_held_rates_of_all_but_intels_chips_are_off_by_an_eighth_at_most_in_the_median(phase: str) -> None:
    """Intel's kernels changed from build to build in 2026 (docs/speed.md): their prompts are off by more, and their range is wider."""
    rows = [one for one in figures(HELD, phase) if kind_of(one.group) != "Intel"]
    middle, low, high = spread(one.predicted / one.measured for one in rows)
    assert middle <= 0.12
    assert low >= 0.75
    assert high <= 1.35


def test_rows_that_came_after_the_last_change_are_off_by_a_fifth_at_most_in_the_median() -> None:
    rows = [one for phase in PHASES for one in figures(UNSEEN, phase)]
    assert statistics.median(abs(one.predicted / one.measured - 1) for one in rows) <= 0.2
    assert sum(map(within, rows)) / len(rows) >= 0.75
