"""llama-server's own view of the devices: what `--list-devices` prints, other machines' RPC devices included."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from moefit.errors import BrokenError, DriverError
from moefit.llama.kinds import is_integrated
from moefit.llama.runner import ask
from moefit.machine.catalogue import card_of_driver
from moefit.machine.detect import TIME_LIMIT
from moefit.machine.types import Device, is_device_name
from moefit.sizes import MIB, counted

# source: common/arg.cpp, common_print_available_devices
_HEAD: Final = "Available devices:"
_NO_DEVICE: Final = "(none)"
_LINE: Final = re.compile(r"[ \t]+([^\s:]+): (.*) \((-?\d+) MiB, (-?\d+) MiB free\)", re.ASCII)
_ROW: Final = re.compile(r"[ \t]+([A-Za-z]+\d+): ?(.*)")
_LONGEST: Final = 4096
"""Characters of a line: no driver has a name that long."""
_UNREACHABLE: Final = re.compile(r"Failed to connect to (\S+)")
_FAILED: Final = re.compile(r"failed to initialize (?:CUDA|ROCm|MUSA): ([^\n]{1,200})")
"""A backend without devices says why. source: ggml/src/ggml-cuda/ggml-cuda.cu, ggml_cuda_init"""
_NONE_HERE: Final = re.compile(r"no \w+-capable device|driver version is insufficient")
"""What it says where there is no card, or no driver at all."""
_BUSY: Final = "an RPC server answers one client at a time: stop the other"
_OTHER: Final = "is each server a ggml-rpc-server of the same build?"
_SHOWN: Final = 200
"""Characters of a program's own words."""
_BY_ITSELF: Final = 125
"""The largest exit status that a program has by itself: 126 and 127 say that it, or a library of it, cannot be loaded; a shell counts a signal from 128 on."""
_DIGITS: Final = 9
"""Of a device's MiB: with more it would have a PiB."""
_MOST: Final = 256
"""Devices; llama.cpp uses no more than 15 of them."""
_BUFFERS: Final = {"GPUOpenCL": "OpenCL"}
"""Devices whose buffer has another name (source: ggml/src/ggml-opencl/ggml-opencl.cpp, ggml_backend_opencl_buffer_type_get_name)."""


def list_devices(
    program: str,
    environment: Mapping[str, str],
    rpc: Sequence[str] = (),
    time_limit: float = TIME_LIMIT,
    subcommand: Sequence[str] = (),
) -> tuple[Device, ...]:
    """The devices and accelerators that `program`, a llama-server, sees under `environment`, in the order it prints them.

    Memory is whole MiB, cut off, and already less the runtime's own context on the device, so `overhead` is 0.

    Raises:
        InputError: the program is missing.
        DriverError: it fails, does not answer in `time_limit` seconds, or an RPC server cannot be reached.
    """
    return parse_list(listed_text(program, environment, rpc, time_limit, subcommand))


def listed_text(
    program: str,
    environment: Mapping[str, str],
    rpc: Sequence[str],
    time_limit: float,
    subcommand: Sequence[str] = (),
) -> str:
    """What the program prints when it lists its devices: see list_devices.

    `subcommand` follows a program of several (`llama serve`). `rpc` are the values of the line's `--rpc`
    options. LLAMA_ARG_RPC and the like in `environment` act as they will in the server.
    """
    # --rpc before --list-devices, which prints and exits where it stands
    argv = [program, *subcommand, *(["--rpc", ",".join(rpc)] if rpc else []), "--list-devices"]
    # an unreachable RPC server aborts; a debugger adds seconds
    calm = {**environment, "GGML_NO_BACKTRACE": "1"}
    try:
        answer = ask(argv, calm, time_limit)
    except DriverError as error:
        # a server may be why, and the program does not name it
        beside = f" with --rpc {','.join(rpc)}" if rpc else ""
        raise BrokenError(error.message + beside, _BUSY if rpc else error.hint) from None
    unreachable = _UNREACHABLE.search(answer.err)
    if unreachable is not None:
        raise DriverError(f"no RPC server at {unreachable[1]}", "start it with `ggml-rpc-server -p PORT`")
    asked = " ".join(argv)
    if answer.status != 0:
        # one that names devices and then fails has GPUs, too
        works = 0 < answer.status <= _BY_ITSELF and not _names_devices(answer.out)
        kind = DriverError if works else BrokenError
        how = answer.how.removeprefix("exit ")
        raise kind(f"{asked}: failed with {how}{_said(answer.err)}", _OTHER if rpc else None)
    if _HEAD not in answer.out and not _names_devices(answer.out):
        raise DriverError(f"{asked}: answers something else{_said(answer.out)}")
    failed = _FAILED.search(answer.err)
    if failed and not _NONE_HERE.search(failed[1]) and not _names_devices(answer.out):
        raise BrokenError(f"{asked}: lists no device: {failed[0].strip()}")
    return answer.out


def parse_list(text: str) -> tuple[Device, ...]:
    r"""The devices that `--list-devices` prints in `text`, with accelerators that have no memory (BLAS).

    A device whose driver tells of no memory, or of less than none, is there with none.

    >>> [device] = parse_list("Available devices:\n  RPC0: 127.0.0.1:50052 (24105 MiB, 24000 MiB free)\n")
    >>> device.buffer_name, device.free // MIB
    ('RPC0[127.0.0.1:50052]', 24000)

    Raises:
        BrokenError: what it prints cannot be.
    """
    devices = []
    text = re.sub(r"\r\n?", "\n", text)
    served: Counter[str] = Counter()
    for name, description, total, free in _listed(text):
        size, left = (max(0, int(figure)) * MIB for figure in (total, free))
        buffer = _BUFFERS.get(name, "")
        if re.fullmatch(r"RPC\d+", name):
            # The device's number counts over all servers, the buffer's within its own (source: ggml/src/ggml-rpc/ggml-rpc.cpp,
            # ggml_backend_rpc_add_server and ggml_backend_rpc_buffer_type).
            buffer = f"RPC{served[description]}[{description}]"
            served[description] += 1
        devices.append(_device(name, buffer, description, size, left))
    return tuple(devices)


def _listed(text: str) -> list[tuple[str, str, str, str]]:
    """The fields of every line: name, description, total and free memory in MiB."""
    lines = _lines(text)
    if long := next((line for line in lines if len(line) > _LONGEST), None):
        raise BrokenError(f"--list-devices: {long.strip()[:_SHOWN]} cannot be a device")
    found = [(m[1], m[2], m[3], m[4]) for line in lines if (m := _LINE.fullmatch(line))]
    complete = {name for name, *_ in found}
    rows = [(m[1], m[2]) for line in lines if (m := _ROW.fullmatch(line))]
    found += [(name, rest[:_SHOWN], "0", "0") for name, rest in rows if name not in complete]
    for name, _, total, free in found:
        if not is_device_name(name) and max(int(total[:_DIGITS]), int(free[:_DIGITS])) > 0:
            raise BrokenError(f"--list-devices: {name[:_SHOWN]} cannot be a device's name")
        if max(len(total), len(free)) > _DIGITS:
            raise BrokenError(f"--list-devices: {name[:_SHOWN]} cannot have {total[:_SHOWN]} MiB")
    if not found and (odd := text.partition(_HEAD)[2].replace(_NO_DEVICE, "").strip()):
        raise BrokenError(f"--list-devices: {odd[:_SHOWN]} is no device")
    names = {name for name, *_ in found}
    if len(names) < len(found) or len(found) > _MOST:
        raise BrokenError(
            f"--list-devices: {counted(len(found), 'device')} with {counted(len(names), 'name')} cannot be"
        )
    return found


def _lines(text: str) -> list[str]:
    """The lines that say something, without what stands behind it."""
    return [line for line in map(str.rstrip, text.split("\n")) if line]


def _names_devices(text: str) -> bool:
    """Whether a line of it is a device with its memory."""
    return any(len(line) <= _LONGEST and _LINE.fullmatch(line) for line in _lines(text))


def _device(name: str, buffer: str, description: str, total: int, free: int) -> Device:
    """One device, with what the catalogue knows of a card of that name."""
    # Vulkan's drivers add themselves: AMD Radeon RX 7900 XTX (RADV NAVI31)
    card = card_of_driver(description, total) or card_of_driver(
        re.sub(r" \([A-Z][^()]*\)$", "", description), total
    )
    return Device(
        name=name,
        free=min(free, total),
        total=total,
        buffer=buffer,
        description=description,
        bandwidth=card.bandwidth if card else None,
        link_bandwidth=card.link_bandwidth if card else None,
        compute=card.compute if card else None,
        integrated=card.integrated if card else is_integrated(description, total),
        source="llama-server",
    )


def _said(stderr: str) -> str:
    """The last line of a failed program, for the message."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f": {lines[-1][:_SHOWN]}" if lines else ""
