"""dataclass for this package's values: the standard one, of which nothing is compiled before it is needed.

The standard decorator compiles six methods for every frozen class, and there are over a hundred: it was a large part of every start.
Equality, hash and representation are shared here, and `__init__` is compiled for a class of which many values are made: the first few
are filled field by field. That a frozen value is never assigned to is held by mypy, which sees the standard decorator, and not checked
again at every assignment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False) -> Any:
        """`dataclasses.dataclass` of a class whose instances are compared, and if `frozen` hashed, by their fields."""

        def make(plain: type) -> type:
            made = dataclasses.dataclass(
                plain, init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
            )
            names = [field.name for field in dataclasses.fields(made) if field.compare]
            values = attrgetter(*names) if names else type

            def __eq__(self: Any, other: object) -> bool:  # noqa: N807
                if other.__class__ is not self.__class__:
                    return NotImplemented
                return values(self) == values(other)

            def __hash__(self: Any) -> int:  # noqa: N807
                return hash(values(self))

            made.__init__ = _filling(made)
            made.__eq__ = __eq__
            made.__hash__ = __hash__ if frozen else None
            made.__repr__ = _repr
            return made

        return make

    _FEW = 6
    """Values of a class that take less time to fill than their `__init__` to compile."""

    def _filling(made: type) -> Any:
        """An `__init__` that does as the compiled one would, which takes its place after a few values, or where the arguments are wrong."""
        fields = [field for field in dataclasses.fields(made) if field.init]
        ordered = [field.name for field in fields if not field.kw_only]
        names = {field.name for field in fields}
        usual = {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}
        made_anew = {
            f.name: f.default_factory for f in fields if f.default_factory is not dataclasses.MISSING
        }
        follows = getattr(made, "__post_init__", None)
        left = _FEW

        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            nonlocal left
            left -= 1
            given = dict(zip(ordered, args, strict=False)) | kwargs
            factories = made_anew.keys() - given.keys()
            values = {**usual, **given, **{name: made_anew[name]() for name in factories}}
            if left < 0 or len(given) < len(args) + len(kwargs) or values.keys() != names:
                made.__init__ = _compiled(made)
                made.__init__(self, *args, **kwargs)
                return
            for name, value in values.items():
                setattr(self, name, value)
            if follows is not None:
                follows(self)

        return __init__

    def _compiled(made: type) -> Any:
        """The class's `__init__`: its fields as parameters, those without a place of their own after a `*`."""
        fields = [field for field in dataclasses.fields(made) if field.init]
        known: dict[str, Any] = {"MISSING": dataclasses.MISSING}
        parameters = [_parameter(f, known) for f in fields if not f.kw_only]
        named = [_parameter(f, known) for f in fields if f.kw_only]
        body = [_assignment(f, known) for f in fields]
        if hasattr(made, "__post_init__"):
            body.append("self.__post_init__()")
        words = ", ".join(("self", *parameters, *(("*", *named) if named else ())))
        exec(f"def __init__({words}):\n " + "\n ".join(body or ["pass"]), known)  # noqa: S102 - as the standard decorator does
        known["__init__"].__qualname__ = f"{made.__qualname__}.__init__"
        return known["__init__"]

    def _parameter(field: Any, known: dict[str, Any]) -> str:
        if field.default is not dataclasses.MISSING:
            known[f"default_{field.name}"] = field.default
            return f"{field.name}=default_{field.name}"
        return field.name if field.default_factory is dataclasses.MISSING else f"{field.name}=MISSING"

    def _assignment(field: Any, known: dict[str, Any]) -> str:
        name = field.name
        if field.default_factory is dataclasses.MISSING:
            return f"self.{name} = {name}"
        known[f"make_{name}"] = field.default_factory
        return f"self.{name} = make_{name}() if {name} is MISSING else {name}"

    def _repr(self: Any) -> str:
        shown = [f for f in dataclasses.fields(self) if f.repr]
        return f"{type(self).__qualname__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in shown)})"


__all__ = ["dataclass"]
