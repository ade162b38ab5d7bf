from __future__ import annotations

import pytest

from moefit.errors import InputError
from moefit.gguf import split
from moefit.gguf.split import read_header, shard_names
from tests.gguf import raw
from tests.gguf.raw import BytesSource, Raw


def part(number: int, count: int, tensors: list[str], total: int | None = None, **kwargs) -> bytes:
    header = Raw(**kwargs)
    if number == 0:
        header.text("general.architecture", "llama")
    header.pair("split.no", raw.UINT16, "H", number).pair("split.count", raw.UINT16, "H", count)
    if total is not None:
        header.pair("split.tensors.count", raw.INT32, "i", total)
    for at, name in enumerate(tensors):
        header.tensor(name, (8,), offset=32 * at)
    return header.file(32 * len(tensors))


def name(number: int, count: int = 3) -> str:
    return f"m-{number + 1:05d}-of-{count:05d}.gguf"


class Folder:
    """Files by name, as a callable that opens them."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.opened: list[BytesSource] = []

    def __call__(self, path: str) -> BytesSource:
        if path not in self.files:
            raise InputError(f"{path}: No such file or directory")
        self.opened.append(BytesSource(self.files[path], name=path))
        return self.opened[-1]


@pytest.fixture
def three():
    return Folder({name(n): part(n, 3, [f"t{n}.a", f"t{n}.b"], 6) for n in range(3)})


def complaint(path: str, folder: Folder) -> str:
    with pytest.raises(InputError) as caught:
        read_header(path, folder)
    return caught.value.message


@pytest.mark.parametrize("given", [0, 1, 2])
def test_any_shard_gives_the_whole_set(three, given):
    header = read_header(name(given), three)

    assert [name(0), name(1), name(2)] == [shard.name for shard in header.shards]
    assert [("t0.a", 0), ("t0.b", 0), ("t1.a", 1), ("t1.b", 1), ("t2.a", 2), ("t2.b", 2)] == [
        (t.name, t.shard) for t in header.tensors
    ]


@pytest.mark.parametrize("given", [0, 2])
def test_metadata_comes_from_the_first_shard(three, given):
    assert "llama" == read_header(name(given), three).metadata["general.architecture"]


def test_every_source_is_closed(three):
    read_header(name(1), three)

    assert all(source.closed for source in three.opened)


def test_a_source_is_closed_after_an_error():
    folder = Folder({"m.gguf": b"nonsense" * 10})

    complaint("m.gguf", folder)

    assert folder.opened[0].closed


def test_a_first_shard_without_tensors_is_fine(three):
    three.files[name(0)] = part(0, 3, [], 4)

    assert 4 == len(read_header(name(0), three).tensors)


def test_a_shard_that_is_cut_off_makes_the_set_truncated(three):
    three.files[name(2)] = three.files[name(2)][:-5]
    header = read_header(name(0), three)

    assert [False, False, True] == [shard.truncated for shard in header.shards]
    assert header.truncated


def test_a_missing_shard_is_named(three):
    del three.files[name(2)]

    assert f"{name(2)}: No such file or directory (part 3 of 3)" == complaint(name(0), three)


def test_a_shard_of_another_set_is_named(three):
    three.files[name(1)] = part(1, 4, ["x"])

    assert f"{name(1)}: does not belong to the same set as {name(0)}" == complaint(name(0), three)


def test_a_shard_in_another_shards_place_is_named(three):
    three.files[name(1)] = part(2, 3, ["x"])

    assert f"{name(1)}: does not belong to the same set as {name(0)}" == complaint(name(0), three)


def test_a_shard_in_another_byte_order_is_named(three):
    three.files[name(1)] = part(1, 3, ["x"], order=">")

    assert f"{name(1)}: does not belong to the same set as {name(0)}" == complaint(name(0), three)


def test_a_tensor_in_two_shards_is_named(three):
    three.files[name(1)] = part(1, 3, ["t0.a", "y"])

    assert f"{name(1)}: tensor 't0.a' is in an earlier part too" == complaint(name(0), three)


def test_a_wrong_total_of_tensors_is_an_error(three):
    three.files[name(1)] = part(1, 3, ["y"])

    assert f"{name(0)}: 6 tensors expected in all parts, 5 found" == complaint(name(0), three)


@pytest.mark.parametrize("path", ["m.gguf", name(1), name(0, 4)])
def test_a_part_under_another_name_is_an_error(three, path):
    three.files[path] = three.files[name(0)]

    assert f"{path}: is part 1 of 3, but is not named so" == complaint(path, three)


def test_a_split_count_that_is_no_number_is_an_error():
    folder = Folder({"m.gguf": Raw().text("split.count", "3").file()})

    assert "m.gguf: split.count is '3', not a number of parts" == complaint("m.gguf", folder)


def test_a_single_file_named_like_a_shard_is_a_single_file():
    folder = Folder({name(0): Raw().tensor("a", (8,)).file(32)})

    assert 1 == len(read_header(name(0), folder).shards)


@pytest.mark.parametrize(
    "path", ["m-00000-of-00003.gguf", "m-00004-of-00003.gguf", "m-1-of-3.gguf", "m-00001-of-00003"]
)
def test_other_names_are_no_shards(path):
    assert (path,) == shard_names(path)


def test_shard_names_keep_their_folder():
    assert "/a b/m-00002-of-00002.gguf" == shard_names("/a b/m-00001-of-00002.gguf")[1]


def test_files_on_disk_are_read_by_default(tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(Raw().tensor("a", (8,)).file(32))

    assert (str(path), 64 + 32) == (
        read_header(str(path)).shards[0].name,
        read_header(str(path)).shards[0].size,
    )


def test_the_module_has_no_untested_doctest():
    import doctest

    assert 0 == doctest.testmod(split).failed
