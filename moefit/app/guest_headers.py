"""The files that a line names beside its model: their headers, read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.app.changed import built, check_byte_order, check_first
from moefit.errors import InputError
from moefit.gguf.source import FileSource
from moefit.gguf.split import read_header
from moefit.launch.enumerated import concrete
from moefit.launch.lookup import Values
from moefit.launch.readers import draft_tokens
from moefit.memory.guests import GuestFiles
from moefit.model.architectures import architecture
from moefit.model.file_kind import FileKind, require_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from moefit.gguf.header import Header
    from moefit.gguf.source import Source
    from moefit.launch.constraints import Constraints
    from moefit.launch.given import Given
    from moefit.model import Model
    from moefit.model.overrides import KvOverride


def read_files(
    wanted: Constraints,
    mmproj: str | None,
    draft: str | None,
    open_source: Callable[[str], Source] = FileSource,
) -> GuestFiles:
    """The headers of a line's files.

    Args:
        wanted: the line; it names adapters by path alone.
        mmproj: path or URL of the projector.
        draft: path or URL of the draft model.
        open_source: opens paths and URLs.

    Raises:
        InputError: a file is missing, damaged, or of another kind than its option takes.
    """
    return GuestFiles(
        mmproj=_header(mmproj, FileKind.MMPROJ, open_source) if mmproj else None,
        draft=_draft(draft, open_source, wanted.kv_overrides) if draft else None,
        loras=tuple(_header(path, FileKind.ADAPTER, FileSource) for path in wanted.loras),
        control_vectors=tuple(map(_control_vector, wanted.control_vectors)),
    )


def implied(model: Model) -> str | None:
    """The speculation that a draft model named by path is for, where the line does not say.

    source: common/speculative.cpp, common_speculative_types_from_gguf
    """
    names = {tensor.name for tensor in model.tensors}
    if speculation := architecture(model.architecture).speculation:
        return "draft-dspark" if "markov_w1.weight" in names else speculation
    return "draft-mtp" if f"blk.{len(model.layers) - 1}.nextn.eh_proj.weight" in names else None


def speculating(wanted: Constraints, given: Sequence[Given], spec_type: str) -> Constraints:
    """The line with a kind of speculation that it does not name itself."""
    drafted = draft_tokens(Values(concrete(given, wanted.program)), spec_type)
    return replace(wanted, spec_types=(spec_type,), draft_tokens=drafted, model_draft_tokens=drafted)


def _control_vector(path: str) -> Header | None:
    try:
        return read_header(path)
    except InputError:
        return None


def _draft(path: str, open_source: Callable[[str], Source], overrides: Sequence[KvOverride]) -> Model:
    header = read_header(path, open_source)
    check_first(path, header)
    return built(header.shards[0].name, header, overrides)


def _header(path: str, kind: FileKind, open_source: Callable[[str], Source]) -> Header:
    header = read_header(path, open_source)
    check_byte_order(header.shards[0].name, header)
    require_kind(header.shards[0].name, header, kind)
    return header
