from __future__ import annotations

import os

import pytest

from moefit.errors import InputError
from moefit.gguf.source import FileSource


def test_reads_are_at_an_offset_and_short_only_at_the_end(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"0123456789")

    with FileSource(str(path)) as source:
        assert (10, b"345", b"89", b"") == (
            source.size,
            source.read(3, 3),
            source.read(8, 5),
            source.read(20, 1),
        )


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(InputError) as caught:
        FileSource(f"{tmp_path}/none.gguf")

    assert f"{tmp_path}/none.gguf: No such file or directory" == caught.value.message


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="not a file"):
        FileSource(str(tmp_path))


def test_a_pipe_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(InputError, match="not a file"):
        FileSource(str(tmp_path / "pipe"))


def test_a_name_that_no_file_can_have_is_refused():
    with pytest.raises(InputError, match="null"):
        FileSource("a\0b")


def test_an_offset_that_no_file_can_have_is_refused(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"x")

    with FileSource(str(path)) as source, pytest.raises(InputError, match="cannot read at byte"):
        source.read(1 << 70, 1)


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        ((), "a file that is here, or user/repo:Q4_K_M of Hugging Face: a plan reads its header alone"),
        (("model.gguf",), "did you mean {folder}/model.gguf?"),
        (("orca.gguf",), "models in {folder}: orca.gguf"),  # alike in their ending alone
        (("b.gguf", "a.gguf", "note.txt"), "models in {folder}: a.gguf, b.gguf"),
        (
            tuple(f"{name}.gguf" for name in ("00005", "00004", "00003", "00002", "00001")),
            "models in {folder}: 00001.gguf, 00002.gguf, 00003.gguf, 00004.gguf ...",
        ),
    ],
)
def test_a_missing_file_gets_its_neighbour_or_what_there_is(tmp_path, there, hint):
    for name in there:
        (tmp_path / name).touch()
    with pytest.raises(InputError) as caught:
        FileSource(f"{tmp_path}/modell.gguf")
    assert hint.format(folder=tmp_path) == caught.value.hint


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("exampels", "did you mean {folder}/examples?"),
        ("exampels/", "there is no folder {folder}/exampels: did you mean {folder}/examples?"),
        ("exampels/m.gguf", "there is no folder {folder}/exampels: did you mean {folder}/examples?"),
        ("nowhere/m.gguf", "there is no folder {folder}/nowhere"),
    ],
)
def test_a_missing_folder_gets_its_neighbour(tmp_path, typed, hint):
    (tmp_path / "examples").mkdir()
    (tmp_path / "exampel.txt").touch()
    with pytest.raises(InputError) as caught:
        FileSource(f"{tmp_path}/{typed}")
    assert hint.format(folder=tmp_path) == caught.value.hint


def test_a_link_to_nowhere_is_said_to_be_one(tmp_path):
    link = tmp_path / "model.gguf"
    link.symlink_to("blobs/gone")
    with pytest.raises(InputError) as error:
        FileSource(str(link))
    assert "it is a link to blobs/gone, which is not there" == error.value.hint
