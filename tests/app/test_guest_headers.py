import gguf
import numpy as np
import pytest

from moefit.app.guest_headers import implied, read_files
from moefit.errors import InputError
from moefit.launch.command import parse
from moefit.launch.constraints import constraints
from moefit.launch.launch import Launch
from moefit.launch.precedence import effective
from moefit.machine.types import Cpu, Device, Machine, Ram
from moefit.planning.as_given import as_given
from moefit.search.request import Request
from tests import oracle
from tests.planning.worlds import OPTIONS

GIB = 1 << 30
MACHINE = Machine((Device("CUDA0", 8 * GIB, 8 * GIB),), Ram(32 * GIB, 30 * GIB), Cpu(8, 16))
MODEL = oracle.model("small-llama", "Q4_K_M")
COMMAND = parse(["llama-server", "-m", "m.gguf"])


def asked(*flags):
    return constraints("llama-server", effective(parse(["llama-server", "-m", "m.gguf", *map(str, flags)])))


@pytest.fixture
def write(tmp_path):
    def write(name, architecture, tensor, **metadata):
        path = tmp_path / name
        writer = gguf.GGUFWriter(path, architecture)
        for key, value in metadata.items():
            writer.add_string(key.replace("__", "."), value)
        writer.add_tensor(tensor, np.zeros((4, 1024), np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


def read(line):
    return read_files(line, line.mmproj.path, line.draft.path)


def counted(line):
    launch = Launch(COMMAND, (), line)
    request = Request(MODEL, MACHINE, launch, OPTIONS, read(line))
    return [(e.kind, e.device, e.model) for e in as_given(request, 4096).settled.guests]


def test_a_line_that_names_a_model_alone_has_no_guests():
    assert [] == counted(asked())


def test_a_projector_takes_its_weights_on_the_first_device(write):
    line = asked("-mm", write("mmproj.gguf", "clip", "v.patch_embd.weight"))

    assert [("mmproj", "CUDA0", 4 * 1024 * 4)] == counted(line)


def test_an_adapter_goes_with_the_tensor_that_it_changes(write):
    line = asked("--lora", write("a.gguf", "llama", "blk.1.attn_q.weight.lora_a", general__type="adapter"))
    assert [("lora", "CUDA0", 4 * 1024 * 4)] == counted(line)


def test_a_file_of_another_kind_is_refused_by_name(write):
    adapter = write("a.gguf", "llama", "blk.1.attn_q.weight.lora_a", general__type="adapter")
    with pytest.raises(InputError, match=r"a\.gguf: is a LoRA adapter, not a multimodal projector"):
        read(asked("-mm", adapter))
    with pytest.raises(InputError, match=r"is a LoRA adapter, not a language model"):
        read(asked("-md", adapter))


def test_a_draft_model_of_prediction_blocks_says_what_it_is_for():
    blocks = oracle.model("qwen3.5-35b-a3b-mtp", "Q4_K_M")
    assert ["draft-mtp", None] == [implied(blocks), implied(MODEL)]
