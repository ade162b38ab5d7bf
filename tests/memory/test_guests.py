from dataclasses import replace

import pytest

from moefit import memory
from moefit.errors import InputError, UsageError
from moefit.gguf.header import Header, TensorInfo
from moefit.gguf.quants import QUANTS
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.defaults import settings
from moefit.launch.precedence import effective
from moefit.launch.settings import Settings
from moefit.machine.types import CPU, Device
from moefit.memory.guest import Guest
from moefit.memory.guests import GuestFiles, control_vector, draft, guests, lora
from moefit.memory.projector import mmproj
from moefit.placement.types import Placement
from moefit.search.demand import chosen_devices
from moefit.search.server_fit import fit_placement
from tests import oracle

GIB = 1 << 30
MIB = 1 << 20
CARDS = (Device("CUDA0", 8 * GIB, 8 * GIB), Device("CUDA1", 8 * GIB, 8 * GIB))
SMALL = oracle.model("small-llama", "Q4_K_M")  # 8 blocks, 1024 wide
LAUNCH = Settings(
    8192, slots=2, draft_tokens=3, model_draft_tokens=3, cache_type_k="q8_0", cache_type_v="q8_0"
)


def test_a_draft_model_takes_what_it_would_take_alone_with_caches_of_its_own_type():
    alone = replace(LAUNCH, cache_type_k="f16", cache_type_v="f16", draft_tokens=0, cache_ram=0)
    used = memory.footprint(SMALL, CARDS[:1], alone, Placement((0,) * 9))
    extras = draft(SMALL, CARDS[:1], LAUNCH)

    assert (
        Guest("draft", "CUDA0", *[getattr(used.devices[0], t) for t in ("model", "context", "compute")])
        == extras[0]
    )
    assert used.host.model + used.host.compute + used.host.output == extras[1].total
    assert ["CUDA0", "CPU"] == [extra.device for extra in extras]


WHOLE = oracle.model("qwen3.5-35b-a3b-mtp", "Q4_K_M")
HEADS = replace(WHOLE, layers=tuple(x if x.mtp else replace(x, tensors=()) for x in WHOLE.layers))
"""The prediction blocks of that model, in a file of their own."""
MAIN = oracle.model("qwen3.5-35b-a3b", "Q4_K_M")


@pytest.mark.parametrize(("ubatch", "recorded"), [(512, 1069), (2048, 1315)])
def test_prediction_blocks_in_a_file_of_their_own_take_little_more_than_llama_cpp_says(ubatch, recorded):
    """MiB that llama-server b11434 said of the extra model, each term cut off."""
    line = asked("--spec-type", "draft-mtp", "-ub", str(ubatch), "-c", "32768", "-ngl", "99")
    card = Device("RPC0", 80 * GIB, 80 * GIB)

    found = beside(line, GuestFiles(draft=HEADS), MAIN, [card], settings(line, context=32768))

    assert recorded * MIB <= found[0].total <= 1.08 * recorded * MIB


def test_on_the_host_the_context_of_prediction_blocks_takes_a_fifth_more_than_the_main_models_at_most():
    """Of recorded ones none took more than 118% (footprint.most_of_draft)."""
    launch = replace(LAUNCH, mtp=True, cache_type_k="f16", cache_type_v="f16")
    main = memory.footprint(MAIN, CARDS[:1], launch, Placement((0,) * MAIN.slots))
    small, twice = (
        draft(
            HEADS,
            CARDS[:1],
            launch,
            gpu_layers=99,
            bound=replace(main, host=replace(main.host, compute=size)),
        )[-1].compute
        for size in (5 * MIB, 10 * MIB)
    )

    assert 6 * MIB == twice - small


def test_a_draft_model_that_drafts_whole_blocks_has_an_output_for_each_token():
    """At 64 slots the logits show."""
    many = replace(LAUNCH, slots=64)
    one, each = (draft(SMALL, CARDS[:1], many, blocks=blocks)[0] for blocks in (False, True))

    assert each.compute > one.compute


def test_a_draft_model_without_gpu_layers_is_on_the_cpu():
    on_card, *_ = draft(SMALL, CARDS[:1], LAUNCH)
    *elsewhere, on_cpu = draft(SMALL, CARDS[:1], LAUNCH, gpu_layers=0)

    assert ("CPU", on_card.context) == (on_cpu.device, on_cpu.context)
    assert 0 == sum(guest.model + guest.context for guest in elsewhere)


def test_a_draft_model_inherits_the_split():
    one, other = (e.model for e in draft(SMALL, CARDS, LAUNCH, tensor_split=(8, 1))[:2])
    assert one > other > 0


def adapter(*names):
    tensors = tuple(
        TensorInfo(f"{name}.lora_{half}", (1024, 8), QUANTS[1], 0) for name in names for half in "ab"
    )
    return Header(3, "little", {}, tensors, ())


def test_an_adapter_lies_where_the_tensors_lie_that_it_changes():
    placement = Placement((CPU, *(0,) * 4, *(1,) * 4), {"blk.2.attn_k.weight": CPU})
    header = adapter("blk.0.attn_q.weight", "blk.1.attn_q.weight", "blk.2.attn_k.weight", "output.weight")
    pair = 2 * 1024 * 8 * 2

    assert (
        Guest("lora", "CUDA0", pair),
        Guest("lora", "CUDA1", pair),
        Guest("lora", "CPU", 2 * pair),
    ) == lora(header, SMALL, CARDS, placement)


def test_a_control_vector_is_a_row_for_every_block_but_the_first():
    placement = Placement((CPU, CPU, *(0,) * 6, 0))
    assert (
        Guest("control-vector", "CUDA0", 6 * 4096),
        Guest("control-vector", "CPU", 4096),
    ) == control_vector(SMALL, CARDS[:1], placement)


def beside(line, files, model, gpus, launch):
    """The guests of a line as it stands."""
    devices = chosen_devices(line, gpus)
    return guests(line, files, model, gpus, devices, launch, fit_placement(model, line, devices, None))


def asked(*flags):
    return constraints("llama-server", effective(parse(["llama-server", "-m", "m.gguf", *flags])))


def test_a_line_without_guests_has_none():
    assert () == beside(asked(), GuestFiles(), SMALL, CARDS, LAUNCH)


def test_a_projector_runs_on_the_first_device_unless_the_line_says_otherwise():
    files = GuestFiles(mmproj=Header(3, "little", {}, (TensorInfo("v.a", (8,), QUANTS[0], 0),), ()))

    def runs_on(*flags):
        return [extra.device for extra in beside(asked(*flags), files, SMALL, CARDS, LAUNCH)]

    assert ["CUDA0"] == runs_on()
    assert ["CUDA1"] == runs_on("--mmproj-device", "CUDA1")
    assert ["CUDA1"] == runs_on("-dev", "CUDA1,CUDA0")
    assert ["CUDA0"] == runs_on("-sm", "none", "-mg", "1")
    assert ["CPU"] == runs_on("-dev", "none")
    assert ["CPU"] == runs_on("--no-mmproj-offload")


def test_the_lines_largest_image_reaches_the_projector():
    told = {
        "clip.projector_type": "qwen2.5vl_merger",
        "clip.vision.patch_size": 14,
        "clip.vision.embedding_length": 1280,
    }
    files = GuestFiles(mmproj=Header(3, "little", told, (), ()))
    whole, quarter = (
        beside(asked(*flags), files, SMALL, CARDS, LAUNCH)[0].compute
        for flags in ((), ("--image-max-tokens", "1024"))
    )

    assert whole == 4 * quarter
    with pytest.raises(UsageError, match="--image-min-tokens 8192"):
        beside(asked("--image-min-tokens", "8192"), files, SMALL, CARDS, LAUNCH)


def test_every_guest_of_a_line_is_named():
    files = GuestFiles(draft=SMALL, loras=(adapter("blk.0.attn_q.weight"),))
    found = beside(asked("-devd", "CUDA1", "--control-vector", "v.gguf"), files, SMALL, CARDS, LAUNCH)

    assert {"draft", "lora", "control-vector"} == {extra.kind for extra in found}
    assert {"CUDA1", "CPU"} == {extra.device for extra in found if extra.kind == "draft"}


def test_a_draft_model_whose_graph_is_not_described_says_so():
    newcomer = replace(SMALL, architecture="brand-new")
    notes = {guest.note for guest in draft(newcomer, CARDS[:1], LAUNCH)}

    assert 1 == len(notes)
    assert "the draft model: brand-new: " in notes.pop()


def test_a_projector_that_nobody_recorded_says_so():
    told = {"clip.vision.projector_type": "newcomer", "clip.vision.patch_size": 14}
    recorded = {"clip.projector_type": "gemma3"}
    new, old = (mmproj(Header(3, "little", keys, (), ()), "CPU").note for keys in (told, recorded))

    assert ("the projector: 'newcomer': its compute buffer is an estimate", "") == (new, old)


def test_a_figure_of_a_projector_that_no_file_can_mean_is_one_clear_error():
    told = {"clip.vision.patch_size": -1}
    with pytest.raises(InputError, match=r"clip\.vision\.patch_size is -1, not a whole number from 0"):
        mmproj(Header(3, "little", told, (), ()), "CPU")


@pytest.mark.parametrize(
    ("flags", "held"),
    [
        ((), {"CUDA0", "CUDA1", "CPU"}),
        (("-dev", "CUDA1"), {"CUDA1", "CPU"}),
        (("-ts", "0,1"), {"CUDA1", "CPU"}),
        (("-dev", "CUDA0", "-devd", "CUDA1"), {"CUDA1", "CPU"}),
        (("-ngl", "0"), {"CUDA0", "CUDA1", "CPU"}),
        (("-ngld", "0"), {"CUDA0", "CPU"}),
        (("-devd", "none"), {"CPU"}),
    ],
)
def test_a_draft_model_follows_the_devices_and_the_split_unless_it_has_its_own(flags, held):
    """As the real server does on three RPC devices. Without layers there is a compute buffer on the first device."""
    found = beside(asked(*flags), GuestFiles(draft=SMALL), SMALL, CARDS, LAUNCH)
    assert held == {guest.device for guest in found}
