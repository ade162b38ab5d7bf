"""NVML with every answer checked: what fails or cannot be is one warning that names the call, and the figure is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Note = Callable[[str], None]
    Check = Callable[[Any], Any]

_EXPECTED: Final = ("NotSupported", "NotFound", "NoPermission", "FunctionNotFound", "InvalidArgument")
"""NVML's errors that a healthy card gives: a figure that it does not have, or that a container or an old driver keeps back."""
_SHOWN: Final = 40
"""Characters of an impossible answer."""
_LONGEST: Final = 256
"""Characters of a name; NVML's own buffers have 96."""


class NvmlFault(Exception):  # noqa: N818 - not every fault is an error of NVML's
    """A call of NVML that failed, or whose answer cannot be used; the message names it."""

    def __init__(self, message: str, *, unsupported: bool = False) -> None:
        super().__init__(message)
        self.unsupported = unsupported
        """The card has no such figure: NVML says that it is not supported, or answers N/A."""


class _MissingError(Exception):
    """Old bindings lack the function."""


class Calls:
    """The calls of one NVML."""

    def __init__(self, library: Any, note: Note) -> None:
        """`note` is told the name of each call before it is made."""
        self.library = library
        self._note = note
        self.warnings: list[str] = []
        expected = (getattr(library, f"NVMLError_{name}", None) for name in _EXPECTED)
        self._expected = (_MissingError, *(kind for kind in expected if isinstance(kind, type)))
        self._said: set[str] = set()

    def need(self, check: Check, name: str, *arguments: Any) -> Any:
        """The answer of the function `name`, as `check` makes it.

        Raises:
            NvmlFault: the function fails with whatever it may, or `check` finds the answer impossible.
        """
        return self._checked(check, name, self._call(name, arguments))

    def ask(self, label: str, check: Check, name: str, *arguments: Any) -> Any:
        """The same of an optional figure; None where there is none, with a warning unless that is usual. `label` is the card's."""
        try:
            return self._checked(check, name, self._call(name, arguments))
        except NvmlFault as fault:
            if not isinstance(fault.__cause__, self._expected):
                self._warn(label, f"{fault}; taken as unknown")
            return None

    def _warn(self, label: str, text: str) -> None:
        """Only the first thing that is wrong with a card is said: the rest follows from it."""
        if label not in self._said:
            self._said.add(label)
            self.warnings.append(f"{label}: {text}")

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self._note(name)
        try:
            function = getattr(self.library, name, None)
            if function is None:
                raise _MissingError("these bindings do not have it")  # noqa: TRY301 - one way to report
            return function(*arguments)
        except Exception as error:
            unsupported = isinstance(error, getattr(self.library, "NVMLError_NotSupported", ()))
            raise NvmlFault(f"NVML says {_words(error)} ({name})", unsupported=unsupported) from error

    @staticmethod
    def _checked(check: Check, name: str, answer: Any) -> Any:
        try:
            return check(answer)
        except Exception:  # noqa: BLE001 - an answer of an unexpected type may raise anything
            shown = _shown(answer)
            missing = shown in {"None", "'N/A'", "'[N/A]'"}
            raise NvmlFault(f"{name} answers {shown}", unsupported=missing) from None


def integer_between(least: int, most: int) -> Check:
    """Takes a whole number in that range."""

    def check(answer: Any) -> int:
        if isinstance(answer, bool) or int(answer) != answer or not least <= answer <= most:
            raise ValueError
        return int(answer)

    return check


def pair(least: int, most: int) -> Check:
    """Takes two whole numbers in that range."""
    each = integer_between(least, most)

    def check(answer: Any) -> tuple[int, int]:
        first, second = answer
        return each(first), each(second)

    return check


def text(answer: Any) -> str:
    """Takes a name: text, or bytes of UTF-8, as some versions of the bindings give."""
    found = answer.decode() if isinstance(answer, bytes) else answer
    if not isinstance(found, str) or not found.isprintable() or found.strip() in {"", "N/A", "[N/A]"}:
        raise ValueError
    if len(found) > _LONGEST:
        raise ValueError
    return found.strip()


def memory(answer: Any) -> tuple[int, int]:
    """Takes total and free bytes; less than one byte in all, or less than none free, cannot be."""
    try:
        total, free = answer.total, answer.free
    except AttributeError:
        raise ValueError from None
    return integer_between(1, 1 << 50)(total), min(integer_between(0, 1 << 60)(free), total)


_MOST_WORDS: Final = 200
"""Characters of an error that a warning repeats."""


def _words(error: Exception) -> str:
    """An error's own words, or its kind where it has none."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an error whose text fails too
        said = ""
    return said[:_MOST_WORDS] or type(error).__name__


def _shown(answer: Any) -> str:
    """An answer as a warning shows it; of memory, the figures."""
    try:
        found = f"{answer.free} of {answer.total} bytes" if hasattr(answer, "total") else ascii(answer)
    except Exception:  # noqa: BLE001 - an answer whose text fails
        found = type(answer).__name__
    return found if len(found) <= _SHOWN else f"{found[:_SHOWN]}..."
