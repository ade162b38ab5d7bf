"""Values behave as the standard dataclasses do, apart from the check that nobody assigns to them."""

from __future__ import annotations

import dataclasses

import pytest

from moefit.values import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A value."""

    x: int
    y: tuple[int, ...] = ()
    note: str = dataclasses.field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Other:
    """Another class with the same fields."""

    x: int
    y: tuple[int, ...] = ()


@dataclass(slots=True)
class Total:
    """One that changes."""

    sum: int = 0


@dataclass(frozen=True, slots=True)
class Nothing:
    """No fields."""


def test_equal_fields_make_equal_values() -> None:
    assert Point(1, (2,)) == Point(1, (2,))
    assert Point(1) != Point(2)


def test_values_of_different_classes_differ() -> None:
    other: object = Other(1)
    assert Point(1) != other


def test_a_field_left_out_of_comparison_is_left_out() -> None:
    assert Point(1, note="a") == Point(1, note="b")
    assert hash(Point(1, note="a")) == hash(Point(1, note="b"))


def test_frozen_values_are_keys() -> None:
    assert {Point(1): "found"}[Point(1)] == "found"
    assert len({Nothing(), Nothing()}) == 1


def test_what_changes_is_no_key() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Total())


def test_slots_take_no_other_attribute() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 2  # type: ignore[attr-defined]


def test_the_representation_names_the_fields() -> None:
    assert repr(Point(1, (2,))) == "Point(x=1, y=(2,))"


def test_replace_fields_and_asdict_are_the_standard_ones() -> None:
    assert dataclasses.replace(Point(1), x=3) == Point(3)
    assert [field.name for field in dataclasses.fields(Point)] == ["x", "y", "note"]
    assert dataclasses.asdict(Other(1)) == {"x": 1, "y": ()}
