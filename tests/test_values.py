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


@dataclass(frozen=True, kw_only=True)
class Named:
    """Fields that have names alone, one of them made anew for each value."""

    x: int
    made: list[int] = dataclasses.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Derived:
    """A field that follows from another."""

    x: int
    double: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "double", 2 * self.x)


@dataclass(frozen=True, kw_only=True)
class More(Named):
    """One more field."""

    y: int = 4


def test_each_value_gets_a_default_of_its_own() -> None:
    first, second = Named(x=1), Named(x=1)
    first.made.append(2)
    assert second.made == []


def test_a_field_can_follow_from_others() -> None:
    assert Derived(3).double == 6


def test_a_class_takes_the_fields_of_the_one_it_extends() -> None:
    more = More(x=1, made=[2])
    assert (more.x, more.made, more.y) == (1, [2], 4)


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1,), {}), ((), {"x": 1, "z": 2})])
def test_wrong_arguments_are_refused(args: tuple[int, ...], kwargs: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        Named(*args, **kwargs)


def test_the_hundredth_value_is_like_the_first() -> None:
    many = [Named(x=1, made=[3]) for _ in range(100)]
    assert all(one == many[0] for one in many)
    with pytest.raises(TypeError, match="__init__"):
        Named()  # type: ignore[call-arg]
