"""Cards that a program lists get their links from the bus, where it is plain which card is which."""

from __future__ import annotations

from dataclasses import replace

from moefit.machine.bus import with_holders, with_links
from moefit.machine.sysfs import Adapter
from moefit.machine.types import Device
from moefit.sizes import GIB

X16, X4 = 26 * 10**9, 6 * 10**9


def card(slot: str, link: int, name: str = "", vendor: str = "AMD", *, integrated: bool = False) -> Adapter:
    driver = "amdgpu" if vendor == "AMD" else "xe"
    return Adapter(
        slot, vendor, driver, integrated=integrated, name=name, link=link, link_now=link // 8, link_most=X16
    )


def listed(name: str, description: str, *, integrated: bool = False) -> Device:
    return Device(
        name, GIB, GIB, "", description, link_bandwidth=X16, integrated=integrated, source="llama-server"
    )


XTX = listed("ROCm0", "AMD Radeon RX 7900 XTX")


def test_the_only_card_of_a_vendor_has_the_buss_link() -> None:
    adapters = [card("0000:03:00.0", X4), card("0000:00:02.0", 0, vendor="Intel", integrated=True)]
    [found] = with_links([XTX], adapters)
    assert (X4, X4 // 8, X16) == (found.link_bandwidth, found.link_now, found.link_most)


def test_of_two_cards_the_one_of_that_name_is_meant() -> None:
    adapters = [
        card("0000:03:00.0", X4, "AMD Radeon RX 7600"),
        card("0000:04:00.0", X16, "AMD Radeon RX 7900 XTX"),
    ]
    assert X16 == with_links([XTX], adapters)[0].link_bandwidth


def test_a_link_faster_than_any_bus_is_kept() -> None:
    gh200 = replace(listed("CUDA0", "NVIDIA GH200 480GB"), link_bandwidth=375 * 10**9)
    assert (gh200,) == with_links([gh200], [card("0000:09:00.0", X4, vendor="NVIDIA")])


def test_which_of_two_unnamed_cards_is_meant_nobody_knows() -> None:
    assert (XTX,) == with_links([XTX], [card("0000:03:00.0", X4), card("0000:04:00.0", X16)])


def test_what_has_no_link_or_is_elsewhere_keeps_what_it_has() -> None:
    others = (listed("ROCm1", "AMD Radeon Graphics", integrated=True), listed("RPC0", "10.0.0.2:50052"))
    assert others == with_links(others, [card("0000:03:00.0", X4)])


HELD = {"0000:03:00.0": (("Xorg", 300),), "0000:04:00.0": (("ollama", 900),)}


def free(found: Adapter, bytes_free: int) -> Adapter:
    return replace(found, free=bytes_free)


def test_the_only_card_of_a_vendor_has_the_buss_holders() -> None:
    [found] = with_holders([XTX], [card("0000:03:00.0", X4)], HELD)
    assert (("Xorg", 300),) == found.held


def test_of_two_alike_the_one_with_as_much_free_is_meant() -> None:
    cards = [free(card("0000:03:00.0", X4), GIB // 2), free(card("0000:04:00.0", X4), GIB)]
    assert (("ollama", 900),) == with_holders([XTX], cards, HELD)[0].held


def test_which_of_two_that_are_as_free_is_held_nobody_knows() -> None:
    cards = [free(card("0000:03:00.0", X4), GIB), free(card("0000:04:00.0", X4), GIB)]
    assert (XTX,) == with_holders([XTX], cards, HELD)
