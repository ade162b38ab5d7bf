"""What a device may give: free memory less what is kept of it."""

from __future__ import annotations

import pytest

from moefit.placement.budget import Budget, Term

KEPT = (Term("growth", 300), Term("page tables", 45, "of what is pinned"))


@pytest.mark.parametrize(
    ("budget", "reserved", "usable", "left"),
    [
        (Budget(10_000, 1000, KEPT, 70), 345, 8585, 8578),
        (Budget(10_000, 1000, KEPT), 345, 8655, 8648),
        (Budget(10_000, 0, ()), 0, 10_000, 9993),
        (Budget(1345, 1000, KEPT), 345, 0, -7),
        (Budget(100, 1000, KEPT, 70), 345, 0, -1322),
        (Budget(1353, 1000, KEPT), 345, 8, 1),
    ],
)
def test_every_term_is_taken_off_what_is_free(budget: Budget, reserved: int, usable: int, left: int) -> None:
    assert (reserved, usable, left) == (budget.reserved, budget.usable, budget.left(7))


def test_equal_terms_are_one_and_others_are_not() -> None:
    assert {Term("a", 1), Term("a", 1), Term("a", 2), Term("b", 1), Term("a", 1, "why")} == {
        Term("a", 1),
        Term("a", 2),
        Term("b", 1),
        Term("a", 1, "why"),
    }
    assert Budget(1, 2, KEPT) == Budget(1, 2, KEPT, 0)
