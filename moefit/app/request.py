"""From words to values: reads the command, the model's header and the machine, so that a plan can be made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from moefit.app.changed import built
from moefit.app.command_warnings import command_notes, refuse_fork
from moefit.app.container_paths import on_host, with_variable_files
from moefit.app.naming import model_words
from moefit.app.own_options import refuse_own_options
from moefit.errors import InputError, UsageError
from moefit.gguf.split import read_header, shard_names
from moefit.launch.builds import reference
from moefit.launch.command import Command, parse, with_model
from moefit.launch.complete import Addition
from moefit.launch.constraints import Constraints, constraints
from moefit.launch.environment import VARIABLE, min_batch
from moefit.launch.hints import has_macro
from moefit.launch.launch import Launch
from moefit.launch.options import OptionTable, builtin, is_builtin
from moefit.launch.precedence import effective
from moefit.launch.programs import split
from moefit.launch.seen import old_variables, reaches, variables
from moefit.launch.servers_first import servers_first
from moefit.launch.settings import MIN_BATCH
from moefit.launch.sources import ModelSource
from moefit.launch.unplanned import unplanned
from moefit.llama.config import read_configs
from moefit.llama.executables import find_program
from moefit.llama.help import option_table, read_page
from moefit.machine.detect import MachineOptions, detect
from moefit.machine.types import Device, Machine
from moefit.machine.visible import visible_devices
from moefit.model import Model
from moefit.search.request import Options, Request

if TYPE_CHECKING:
    from moefit.gguf.http import Client
    from moefit.gguf.remote import Progress
    from moefit.gguf.source import Source
    from moefit.llama.hub import Access
    from moefit.machine.detect import AskServer


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

    wanted = _with_model(launch.constraints)
    with _remote(wanted, progress) as (using, client, open_source):
        found = places(wanted, using, client)
        model = _read(found.model, open_source, wanted)
        _check_patterns(wanted, model)
        files = read_files(wanted, found.mmproj, found.draft, open_source)
        needed = _path_of_url(wanted, using)
    spec_type = found.spec_type
    if files.draft is not None and wanted.draft.path and not wanted.spec_types:
        spec_type = spec_type or implied(files.draft)
    if spec_type is not None:
        wanted = speculating(wanted, launch.given, spec_type)
    machine = find_machine()
    read = replace(launch, constraints=wanted, needed=needed, beside=found.beside)
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


def read_launch(model_path: str | None, words: Sequence[str] | None, build: str | None = None) -> Launch:
    """The command with its files and variables."""
    if model_path is None and not words:
        raise UsageError(
            "there is neither a model nor a command",
            "moefit plan model.gguf, or moefit plan -- llama-server -m model.gguf",
        )
    launch = read_line(words, model_path, build)
    if nothing := unplanned(launch.command, launch.constraints):
        raise nothing
    return launch


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


def starts_no_model(words: Sequence[str]) -> tuple[str, ...] | None:
    """The words of a command for which there is nothing to plan; None for any other."""
    parts = split(words)
    if parts.name == "llama" or (len(parts.words) > 1 and not is_builtin(parts.name)):
        return tuple(words)
    launch = read_line(words)
    return launch.command.argv if unplanned(launch.command, launch.constraints) else None


def read_line(words: Sequence[str] | None, model_path: str | None = None, build: str | None = None) -> Launch:
    """The command with its files and variables, whether it names a model or not."""
    table = _table(words or [], build)
    refuse_fork(words or [], table)
    refuse_own_options(words or [], table)
    command = parse(words or [], table)
    if model_path is not None:
        command = with_model(command, model_words(model_path))
    command, needing = servers_first(with_variable_files(command))
    command = replace(command, old=old_variables(command, os.environ))
    configs = () if command.container else read_configs(os.environ)
    given = effective(command, configs, os.environ)
    wanted = replace(
        constraints(command.name, given),
        op_offload_min_batch=_min_batch(command),
        pinned="GGML_CUDA_NO_PINNED" not in variables(command, os.environ),
    )
    if command.container:
        wanted = on_host(wanted, command.container)
    there = command.container is None and find_program(command.program, os.environ) is not None
    notes = command_notes(command, needing, named=build is not None, there=there)
    return Launch(command, given, wanted, notes=tuple(notes))


def _min_batch(command: Command) -> int | None:
    """The threshold that the program will have, where moefit cannot choose it."""
    stated = min_batch(variables(command, os.environ))
    return MIN_BATCH if stated is None and not reaches(command, VARIABLE) else stated


def read_model(wanted: Constraints, progress: Callable[[Progress], None] | None = None) -> Model:
    """The model that the command names: by path, or where llama.cpp would find or fetch it.

    `progress` is told how far the header of a remote model has come.
    """
    source = _with_model(wanted).model
    if source.path is not None and _is_path(source):
        return built(source.path, read_header(source.path), wanted.kv_overrides)
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
    if path and has_macro(path) and not Path(path).exists():
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
    # The name of the shard, and not what was opened: a URL may hold secrets.
    return built(header.shards[0].name, header, wanted.kv_overrides)


def read_machine(options: MachineOptions, launch: Launch) -> Machine:
    """The machine as the program will see it, the variables of an `env` in front of it included.

    The program's own list decides names, order and kinds; it must answer where the line names devices that NVML cannot know.
    """
    seen = variables(launch.command, os.environ)
    named = launch.constraints.devices or ()
    foreign = bool(launch.constraints.rpc) or any(not name.upper().startswith("CUDA") for name in named)
    found = detect(options, seen, ask_server=_server(launch, seen, options.time_limit), prefer_server=foreign)
    if found.duplicates:
        from moefit.machine.sighted import by_names  # noqa: PLC0415 - most machines have one backend

        line = launch.constraints
        others = (*(line.draft_devices or ()), *filter(None, [line.mmproj_device]))
        found = by_names(found, (*named, *others, *(rule.buffer for rule in line.overrides)))
    found = _capped(found, launch.command)
    if not (options.gpus or options.machine_file):
        return found
    return visible_devices(found, variables(launch.command, {}))


def _table(words: Sequence[str], build: str | None) -> OptionTable | None:
    """The options of the build that the user names, else of the program at hand, where there is one."""
    parts = split(words)
    if build is not None:
        return (
            read_page(build, parts.name) if Path(build).is_file() else builtin(parts.name, reference(build))
        )
    if parts.container is not None:
        tagged = parts.container.build
        return None if tagged is None else builtin(parts.name, reference(f"b{tagged}"))
    program = find_program(parts.program, os.environ)
    return option_table(program, parts.name, os.environ, parts.words[1:]) if program else None


def _capped(machine: Machine, command: Command) -> Machine:
    """The machine with no more RAM than a container is given."""
    limit = command.container.memory if command.container else None
    if limit is None:
        return machine
    ram = machine.ram
    return replace(
        machine, ram=replace(ram, total=min(ram.total, limit), available=min(ram.available, limit))
    )


def _server(launch: Launch, environment: Mapping[str, str], time_limit: float) -> AskServer | None:
    """What lists the program's devices; None where there is no program on this host to ask."""
    command, rpc = launch.command, launch.constraints.rpc
    program = find_program(command.program, environment) if command.container is None else None
    if program is None:
        return None
    words = (program, *command.subcommand)

    def ask(known: Sequence[Device]) -> tuple[Device, ...]:
        if known and not rpc:
            from moefit.llama.kept_devices import kept_devices  # noqa: PLC0415 - a declared machine has none

            return kept_devices(words, environment, known, time_limit)
        from moefit.llama.devices import list_devices  # noqa: PLC0415 - as above

        left = time_limit
        if rpc:
            from moefit.llama.rpc import greet  # noqa: PLC0415 - few lines have RPC servers

            left = greet(rpc, time_limit)
        return list_devices(program, environment, rpc, left, command.subcommand)

    return ask
