import pytest

from moefit.model.architectures import ARCHITECTURES, PLAIN, UNKNOWN, Architecture, architecture, is_known
from tests import oracle


def test_no_architecture_is_both_plain_and_special():
    assert set() == PLAIN & set(ARCHITECTURES)


def test_a_plain_architecture_needs_no_row():
    assert Architecture() == architecture("qwen3moe")


def test_an_unknown_name_gets_the_guess():
    assert UNKNOWN == architecture("brand-new")
    assert not is_known("brand-new")


@pytest.mark.parametrize("name", sorted({m["architecture"] for m in oracle.models().values()}))
def test_every_recorded_architecture_is_known(name):
    assert is_known(name)
