"""An answer over HTTP that begins at some time: `100 Continue`, which nobody asked for, may come before it a few times only."""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse
from typing import Any, Final

_MOST: Final = 8
"""Status lines of one answer; each before the last says that the server is still there."""


class CountedResponse(HTTPResponse):
    """One whose status lines are counted: the standard one reads them for ever, at the pace of the server."""

    _begun = 0

    def _read_status(self) -> Any:
        self._begun += 1
        if self._begun > _MOST:
            raise HTTPException("no answer after its beginnings")
        return super()._read_status()  # type: ignore[misc]  # how http.client reads each of them
