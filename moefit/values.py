"""dataclass for this package's values: the standard one, of which only `__init__` is compiled for each class.

The standard decorator compiles six methods for every frozen class, and there are over a hundred: it was a large part of every start.
Equality, hash and representation are shared here. That a frozen value is never assigned to is held by mypy, which sees the
standard decorator, and not checked again at every assignment.
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
            made = dataclasses.dataclass(plain, repr=False, eq=False, slots=slots, kw_only=kw_only)
            names = [field.name for field in dataclasses.fields(made) if field.compare]
            values = attrgetter(*names) if names else type

            def __eq__(self: Any, other: object) -> bool:  # noqa: N807
                if other.__class__ is not self.__class__:
                    return NotImplemented
                return values(self) == values(other)

            def __hash__(self: Any) -> int:  # noqa: N807
                return hash(values(self))

            made.__eq__ = __eq__
            made.__hash__ = __hash__ if frozen else None
            made.__repr__ = _repr
            return made

        return make

    def _repr(self: Any) -> str:
        shown = [f for f in dataclasses.fields(self) if f.repr]
        return f"{type(self).__qualname__}({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in shown)})"


__all__ = ["dataclass"]
