"""Who holds a card's memory, by small copies of /proc and /sys."""

from __future__ import annotations

from pathlib import Path

from moefit.machine.holders import read_holders
from moefit.sizes import GIB, MIB
from tests.machine.tree import write

SLOT = "0000:03:00.0"
WORDS = (
    ("drm-memory-vram:\t2097152 KiB", "drm-memory-gtt:\t999 KiB"),
    ("drm-total-vram:\t4194304 KiB", "drm-memory-vram:\t4194304 KiB", "drm-resident-vram:\t2097152 KiB"),
    ("drm-total-vram0:\t2048 MiB", "drm-shared-vram0:\t9 MiB", "drm-total-system:\t5 GiB"),
    ("drm-resident-local0:\t1024 MiB", "drm-resident-local1:\t1048576 KiB"),
    ("drm-total-vram0:\t2147483648",),
)
"""2 GiB, by amdgpu before and after Linux 6.13, by xe, by i915, and without a unit."""
JUNK = ("", "drm-memory-vram:\t-1 KiB", "drm-memory-vram:\t" + "9" * 40, "\x00\xff", "drm-pdev:")


def client(
    root: Path, process: int, name: str, told: str, number: int = 3, file: str = "/dev/dri/renderD128"
) -> None:
    """A process with one open file of a card."""
    here = write(root / f"proc/{process}", {"comm": f"{name}\n", f"fdinfo/{number}": told})
    (here / "fd").mkdir(exist_ok=True)
    (here / f"fd/{number}").symlink_to(file)


def told(*rows: str, client_id: int = 7) -> str:
    head = ("pos:\t0", "drm-driver:\tamdgpu", f"drm-pdev:\t{SLOT}", f"drm-client-id:\t{client_id}")
    return "\n".join((*head, *rows, ""))


def test_each_drivers_words_for_memory_on_the_card_are_read(tmp_path) -> None:
    for i, rows in enumerate(WORDS):
        client(tmp_path / str(i), 42, "llama-server", told(*rows))
    found = [read_holders(tmp_path / str(i)) for i in range(len(WORDS))]
    assert [{SLOT: (("llama-server", 2 * GIB),)}] * len(WORDS) == found


def test_the_largest_holder_comes_first_and_a_file_opened_twice_counts_once(tmp_path) -> None:
    client(tmp_path, 42, "Xorg", told("drm-memory-vram:\t300 MiB"))
    client(tmp_path, 42, "Xorg", told("drm-memory-vram:\t300 MiB"), number=4)
    client(tmp_path, 43, "ollama", told("drm-memory-vram:\t800 MiB", client_id=8))
    assert {SLOT: (("ollama", 800 * MIB), ("Xorg", 300 * MIB))} == read_holders(tmp_path)


def test_what_is_no_card_is_not_read(tmp_path) -> None:
    client(tmp_path, 42, "cat", told("drm-memory-vram:\t1 MiB"), file="/dev/null")
    assert {} == read_holders(tmp_path)


def test_what_the_driver_for_computing_lends_is_told_too(tmp_path) -> None:
    kfd = tmp_path / "sys/class/kfd/kfd"
    write(kfd, {"topology/nodes/0/gpu_id": "0\n", "topology/nodes/1/gpu_id": "51234\n"})
    write(kfd, {"topology/nodes/1/properties": "cpu_cores_count 0\nlocation_id 768\ndomain 0\n"})
    write(kfd, {"proc/42/vram_51234": f"{GIB}\n"})
    write(tmp_path / "proc/42", {"comm": "llama-server\n"})
    assert {SLOT: (("llama-server", GIB),)} == read_holders(tmp_path)


def test_what_makes_no_sense_holds_nothing(tmp_path) -> None:
    for i, junk in enumerate(JUNK):
        client(tmp_path / str(i), 42, "x", told(junk))
    assert [()] * len(JUNK) == [read_holders(tmp_path / str(i)).get(SLOT, ()) for i in range(len(JUNK))]


def test_a_host_without_proc_has_no_holders(tmp_path) -> None:
    assert {} == read_holders(tmp_path)
