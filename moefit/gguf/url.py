"""URLs: their parts, what a message may show of one, where a redirect leads, and the authorization that one carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moefit.errors import InputError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DOWNLOAD = "download the model and give it with -m"


def shown(url: str) -> str:
    """A URL as messages have it: without user, password, query and fragment, which may be secrets.

    >>> shown("https://me:pw@host:8/a/m.gguf?sig=x#y")
    'https://host:8/a/m.gguf'
    """
    parts = split_url(url)
    return f"{parts.scheme}://{_host(parts)}{parts.path}"


def split_url(url: str) -> SplitResult:
    """The parts of an http or https URL.

    Raises:
        InputError: it is no such URL.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - only a remote model needs it

    try:
        parts = urlsplit(url)
        good = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
        )
        good = good and url.isascii() and url.isprintable() and " " not in url
    except ValueError:
        good = False
    if not good:
        raise InputError(
            "the URL of the model is none that can be fetched", "http://host/path or https://host/path"
        )
    return parts


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = split_url(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def redirected(first: str, url: str, location: str) -> str:
    """Where an answer to `url` leads.

    Raises:
        InputError: nowhere that may be asked.
    """
    from urllib.parse import urljoin  # noqa: PLC0415 - only a remote model needs it

    try:
        target = urljoin(url, location)
        scheme = split_url(target).scheme
    except (InputError, ValueError):
        raise InputError(f"{shown(first)}: redirects to what is no URL", DOWNLOAD) from None
    if scheme == "http" and split_url(url).scheme == "https":
        raise InputError(f"{shown(first)}: redirects from https to http")
    return target


def authorization(url: str, token: str | None) -> str | None:
    """What a request to `url` says of who asks: the user of the URL, or a token."""
    parts = split_url(url)
    if parts.username is not None:
        from base64 import b64encode  # noqa: PLC0415 - only a remote model needs it
        from urllib.parse import unquote  # noqa: PLC0415 - only a remote model needs it

        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return f"Basic {b64encode(pair.encode()).decode()}"
    return f"Bearer {token}" if token else None
