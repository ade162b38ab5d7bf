"""Which files a line loads: the model, the projector and the draft model, named by it or found in a repository it names.

source: common/arg.cpp, common_models_handler_init and common_models_handler_apply
"""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from moefit.errors import InputError
from moefit.llama.hub import locate
from moefit.values import dataclass

if TYPE_CHECKING:
    from moefit.gguf.http import Client
    from moefit.launch.constraints import Constraints
    from moefit.llama.hub import Located
    from moefit.llama.hub_listing import Access

TAKE_PROJECTORS: Final = frozenset({"llama-server", "llama-cli", "llama-mtmd-cli", "llama-tts"})
"""Programs that look for a projector (mmproj_examples)."""
KINDS: Final = ("mtp", "dflash", "eagle3", "dspark")
"""Of draft models that lie beside a model: of several that the line asks for, the first is loaded."""
INFERRED: Final = ("mtp", "dspark", "dflash", "eagle3")
"""The same where the line asks for no kind: what the repository of -hfd has decides."""


@dataclass(frozen=True, slots=True)
class Places:
    """Paths or URLs; None where there is no such file."""

    model: str
    mmproj: str | None = None
    draft: str | None = None
    spec_type: str | None = None
    """The speculation that a repository's draft model is for, where the line does not say."""
    siblings: tuple[str, ...] = field(default=(), compare=False)
    """All files of the model's repository; empty where its server was not asked."""


def places(wanted: Constraints, using: Access, client: Client) -> Places:
    """Where the files of the line are.

    Raises:
        InputError: as `locate`, for any of them.
    """
    asked = tuple(kind for kind in KINDS if f"draft-{kind}" in wanted.spec_types)
    looks = wanted.mmproj_auto and not wanted.mmproj and wanted.program in TAKE_PROJECTORS
    drafts = () if wanted.draft else asked
    main = locate(wanted.model, using, client, (*(("mmproj",) if looks else ()), *drafts), needed=drafts)
    if main.model is None:
        raise InputError(f"-hf {wanted.model.hf_repo}: the repository has no model")
    mmproj = locate(wanted.mmproj, using, client).model if wanted.mmproj else main.guests.get("mmproj")
    if not wanted.draft:
        return Places(main.model, mmproj, _first(main, asked), siblings=main.siblings)
    try:
        draft, spec_type = _draft(wanted, asked, using, client)
    except InputError as error:
        raise InputError(error.message.replace("-hf ", "-hfd ", 1), error.hint) from error
    return Places(main.model, mmproj, draft, spec_type, main.siblings)


def _draft(
    wanted: Constraints, asked: tuple[str, ...], using: Access, client: Client
) -> tuple[str, str | None]:
    """A draft model that the line names, and the kind of speculation that it implies.

    A repository's draft beside a model comes before its model; -md comes before that draft, but not before the model.
    """
    source = wanted.draft
    kinds = () if source.hf_file or not source.hf_repo else asked if wanted.spec_types else INFERRED
    repo = replace(source, path=None) if source.hf_repo else source
    found = locate(repo, using, client, kinds, needed=asked if kinds else ())
    for kind in kinds:
        if kind in found.guests:
            return source.path or found.guests[kind], None if wanted.spec_types else f"draft-{kind}"
    if found.model is None:
        raise InputError(f"-hf {source.hf_repo}: the repository has no model")
    return found.model, None


def _first(found: Located, kinds: tuple[str, ...]) -> str | None:
    return next((found.guests[kind] for kind in kinds if kind in found.guests), None)
