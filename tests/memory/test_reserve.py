from dataclasses import replace

from moefit.launch.settings import Settings
from moefit.machine.types import Device
from moefit.memory.reserve import reserve
from tests import oracle

MIB = 1 << 20
MODEL = oracle.model("qwen3-30b-a3b", "Q4_K_M")  # the one that was measured, 2048 wide
SETTINGS = Settings(8192)


def total(device, settings=SETTINGS):
    return sum(term.bytes for term in reserve(MODEL, settings, Device(device, 0, 0)))


def test_every_term_has_a_name_and_a_source():
    terms = reserve(MODEL, SETTINGS, Device("CUDA0", 0, 0))
    assert ["pools", "batch", "pages"] == [term.name for term in terms]
    assert all(term.why for term in terms)


def test_cuda_keeps_back_what_was_measured_beyond_its_context():
    """730 MiB at a micro-batch of 512 and 752 at 2048, of which about 500 are the context."""
    assert 230 * MIB <= total("CUDA0") <= 250 * MIB
    assert 252 * MIB <= total("CUDA0", replace(SETTINGS, ubatch=2048)) <= 270 * MIB


def test_a_larger_micro_batch_keeps_back_more():
    assert total("CUDA0") < total("CUDA0", replace(SETTINGS, ubatch=1024))


def test_a_draft_has_buffers_of_its_own():
    assert 6 * MIB == total("CUDA0", replace(SETTINGS, draft_tokens=3)) - total("CUDA0")


def test_an_unknown_backend_keeps_back_no_less_than_a_known_one():
    known = ("CUDA0", "ROCm0", "Vulkan0", "SYCL0", "MTL0", "RPC0", "MUSA0")
    assert all(total("Brandnew0") >= total(name) for name in known)
