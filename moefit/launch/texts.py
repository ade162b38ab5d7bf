"""Values that are texts of a form of their own: what llama-server b11434 cannot read of them, it ends at.

source: common/arg.cpp, the handlers of --host, --chat-template-kwargs and --json-schema in common_params_parser_init.
"""

from __future__ import annotations

import json
from typing import Final

from moefit.errors import UsageError
from moefit.launch.lookup import Values

_JSON: Final = ("--chat-template-kwargs", "--json-schema")


def refuse_unreadable(values: Values) -> None:
    """Refuse what is no JSON where JSON belongs, and a host without an address.

    Raises:
        UsageError: naming the option and what it takes.
    """
    for spelling in _JSON:
        for given in values.all(spelling):
            if "${" not in given.value and not _is_json(given.value):
                raise UsageError(
                    f"{given.source}: this is no JSON, and llama.cpp ends",
                    f"""write it as one word: {spelling} '{{"key": "value"}}'""",
                )
    for given in values.all("--host"):
        if not given.value.strip(", \t\r\n\f\v"):
            raise UsageError(f"{given.source}: --host requires at least one address", "leave it out")


def _is_json(text: str) -> bool:
    """Whether nlohmann's parser takes it, which is stricter than Python's: no NaN and no Infinity."""
    try:
        json.loads(text, parse_int=float, parse_constant=_refuse)
    except ValueError:
        return False
    except RecursionError:
        return True  # nested deeper than Python reads
    return True


def _refuse(name: str) -> None:
    raise ValueError(name)
