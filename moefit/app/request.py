"""From words to values: reads the command, the model's header and the machine, so that a plan can be made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from moefit.app.changed import built, check_first
from moefit.app.line import read_launch
from moefit.app.machine import read_machine
from moefit.errors import InputError, UsageError
from moefit.gguf.split import read_header, shard_names
from moefit.launch.complete import Addition
from moefit.launch.constraints import Constraints
from moefit.launch.hints import has_macro
from moefit.launch.launch import Launch
from moefit.launch.settings import MIN_BATCH
from moefit.launch.sources import ModelSource
from moefit.machine.detect import MachineOptions
from moefit.machine.types import Machine
from moefit.model import Model
from moefit.search.request import Options, Request

if TYPE_CHECKING:
    from moefit.gguf.http import Client
    from moefit.gguf.remote import Progress
    from moefit.gguf.source import Source
    from moefit.llama.hub_listing import Access


def read_request(
    model_path: str | None,
    words: Sequence[str] | None,
    machine_options: MachineOptions,
    options: Options,
    progress: Callable[[Progress], None] | None = None,
    build: str | None = None,
    machine: Machine | None = None,
) -> Request:
    """Read the command, then the model it names, then the machine.

    Args:
        model_path: MODEL before `--`: a file, a folder, a repository or a URL.
        words: the command after `--`; None where there is none.
        machine_options: the machine's.
        options: those that steer the plan.
        progress: told how far the header of a remote model has come.
        build: `--build`: a number, or a file with a page of --help.
        machine: the machine, where it is known already.

    Raises:
        MoefitError: what the user gave cannot be used.
    """
    launch = read_launch(model_path, words, build)
    wanted = launch.constraints
    if _is_path(wanted.model) and not (
        wanted.mmproj or wanted.draft or wanted.loras or wanted.control_vectors
    ):
        model = read_model(wanted, progress)
        _check_patterns(wanted, model)
        return Request(model, machine or read_machine(machine_options, launch), launch, options)
    return _with_guests(launch, lambda: machine or read_machine(machine_options, launch), options, progress)


def _is_path(source: ModelSource) -> bool:
    return source.path is not None and source == ModelSource(path=source.path)


def _check_patterns(wanted: Constraints, model: Model) -> None:
    if wanted.overrides:
        from moefit.app.slow_patterns import check_patterns  # noqa: PLC0415 - most lines have none

        check_patterns(wanted.overrides, (tensor.name for tensor in model.tensors))


def _with_guests(
    launch: Launch,
    find_machine: Callable[[], Machine],
    options: Options,
    progress: Callable[[Progress], None] | None,
) -> Request:
    """The request, with what the files beside the model take."""
    from moefit.app.guest_headers import implied, read_files, speculating  # noqa: PLC0415 - few lines have any
    from moefit.llama.guest_files import places  # noqa: PLC0415 - as above
    from moefit.planning.other_models import refuse_others  # noqa: PLC0415 - as above

    wanted = _with_model(launch.constraints)
    with _remote(wanted, progress) as (using, client, open_source):
        found = places(wanted, using, client)
        model = _read(found.model, open_source, wanted)
        _check_patterns(wanted, model)
        files = read_files(wanted, found.mmproj, found.draft, open_source)
        refuse_others(files, model)
        needed = _path_of_url(wanted, using)
    spec_type = found.spec_type
    if files.draft is not None and wanted.draft.path and not wanted.spec_types:
        spec_type = spec_type or implied(files.draft)
    if spec_type is not None:
        wanted = speculating(wanted, launch.given, spec_type)
    machine = find_machine()
    read = replace(launch, constraints=wanted, needed=needed, siblings=found.siblings)
    return Request(model, machine, read, options, files)


def _path_of_url(wanted: Constraints, using: Access) -> tuple[Addition, ...]:
    """What llama-server needs beside -mu: by a URL alone it does not load a model but starts as a router.

    With a path it fetches the model to there. source: tools/server/server.cpp, is_router_server
    """
    from moefit.llama.hub import kept_at  # noqa: PLC0415 - only a URL needs it

    url = wanted.model.url
    if wanted.program != "llama-server" or url is None or wanted.model != ModelSource(url=url):
        return ()
    why = "with -mu alone llama-server starts as a router and loads no model"
    return (Addition("-m", str(kept_at(shard_names(url)[0], using)), why),)


def as_bench(request: Request) -> Request:
    """The request as llama-bench reserves memory for it: logits of whole micro-batches, and room for its tests.

    source: tools/llama-bench/llama-bench.cpp, cmd_params_instance::to_llama_cparams
    """
    wanted, workload = request.launch.constraints, request.options.workload
    if wanted.program == "llama-bench":
        return request
    context = wanted.context and max(wanted.context, workload.prompt, workload.generated)
    wanted = replace(wanted, program="llama-bench", context=context)
    return replace(request, launch=replace(request.launch, constraints=wanted))


def on_its_words_alone(request: Request) -> Request:
    """The request where no variable may be set for the program."""
    wanted = request.launch.constraints
    if wanted.op_offload_min_batch is not None:
        return request
    return replace(
        request,
        launch=replace(request.launch, constraints=replace(wanted, op_offload_min_batch=MIN_BATCH)),
    )


def read_model(wanted: Constraints, progress: Callable[[Progress], None] | None = None) -> Model:
    """The model that the command names: by path, or where llama.cpp would find or fetch it.

    `progress` is told how far the header of a remote model has come.
    """
    source = _with_model(wanted).model
    if source.path is not None and _is_path(source):
        header = read_header(source.path)
        check_first(source.path, header)
        return built(source.path, header, wanted.kv_overrides)
    from moefit.llama.hub import locate  # noqa: PLC0415 - only a repository or URL needs it

    with _remote(wanted, progress) as (using, client, open_source):
        model = locate(source, using, client).model
        if model is None:
            raise InputError(f"-hf {source.hf_repo}: the repository has no model")
        return _read(model, open_source, wanted)


def _with_model(wanted: Constraints) -> Constraints:
    if not wanted.model:
        raise UsageError("the command names no model", "add -m model.gguf")
    path = wanted.model.path
    if path and has_macro(path) and not os.path.exists(path):  # noqa: PTH110 - False where it may not be asked
        raise UsageError(f"-m {path}: moefit cannot know what a macro stands for", "write the model's path")
    return wanted


@contextmanager
def _remote(
    wanted: Constraints, progress: Callable[[Progress], None] | None
) -> Iterator[tuple[Access, Client, Callable[[str], Source]]]:
    """Caches and servers, and what opens paths and URLs alike."""
    from moefit.gguf.http import Client  # noqa: PLC0415 - only a repository or URL needs these
    from moefit.gguf.remote import opener  # noqa: PLC0415 - as above
    from moefit.llama.hub import access  # noqa: PLC0415 - as above

    using = access(os.environ, token=wanted.hf_token, offline=wanted.offline)
    with Client() as client:
        yield using, client, opener(client, token=using.token, endpoint=using.endpoint, progress=progress)


def _read(place: str, open_source: Callable[[str], Source], wanted: Constraints) -> Model:
    """A model from a path, else its header from the server."""
    header = read_header(place, open_source)
    check_first(place, header)
    # The name of the shard, and not what was opened: a URL may hold secrets.
    return built(header.shards[0].name, header, wanted.kv_overrides)
