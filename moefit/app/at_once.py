"""Several questions asked at a time, in threads that nothing waits for: Ctrl-C ends the process, whatever a server does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, TypeVar

_T = TypeVar("_T")
_U = TypeVar("_U")

_TICK: Final = 0.2
"""Seconds."""


def at_once(ask: Callable[[_T], _U], questions: Sequence[_T], most: int) -> Iterator[tuple[int, _U]]:
    """Each question's place and answer, in the order in which they come; at most so many are asked at a time.

    The threads of a pool are waited for when the interpreter ends, also after Ctrl-C: these are not.

    Raises:
        Exception: whatever one of them raises.
    """
    waiting: SimpleQueue[tuple[int, _T]] = SimpleQueue()
    answered: SimpleQueue[tuple[int, Future[_U]]] = SimpleQueue()
    for one in enumerate(questions):
        waiting.put(one)
    for _ in range(min(most, len(questions))):
        Thread(target=_work, args=(ask, waiting, answered), daemon=True).start()
    for _ in questions:
        place, told = _next(answered)
        yield place, told.result()


def _work(
    ask: Callable[[_T], _U],
    waiting: SimpleQueue[tuple[int, _T]],
    answered: SimpleQueue[tuple[int, Future[_U]]],
) -> None:
    """Question after question, until none waits."""
    while True:
        try:
            place, question = waiting.get_nowait()
        except Empty:
            return
        told: Future[_U] = Future()
        try:
            told.set_result(ask(question))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            told.set_exception(error)
        answered.put((place, told))


def _next(queue: SimpleQueue[_T]) -> _T:
    """What comes next; a signal between a look for one and the wait would be seen only when something comes, so it looks again."""
    while True:
        try:
            return queue.get(timeout=_TICK)
        except Empty:
            continue
