"""Units are named by their content, and a batch file is used only if it is sound."""

from pathlib import Path

import numpy as np
import pytest

from scsim.study.execution import cache
from scsim.study.execution.cache import (
    Shelf,
    batch_path,
    hash_batch,
    hash_unit,
    list_units,
    load_batch,
    save_batch,
)

UNIT = {"a": np.arange(4.0), "n": 3, "x": 0.5, "name": "mrg"}


def _hash(**changes) -> str:
    return hash_unit("stage", "source", {**UNIT, **changes})


def test_equal_content_has_one_hash_whatever_the_order():
    turned = dict(reversed(UNIT.items()))
    assert hash_unit("stage", "source", turned) == _hash()
    assert _hash(a=np.arange(8.0)[::2][:4] / 2) == _hash()


@pytest.mark.parametrize(
    "change",
    [
        {"a": np.arange(4.0).reshape(2, 2)},
        {"a": np.arange(4)},
        {"a": np.array([0.0, 1.0, 2.0, np.nextafter(3.0, 4.0)])},
        {"a": np.array([-0.0, 1.0, 2.0, 3.0])},
        {"n": 3.0},
        {"n": 4},
        {"x": np.nextafter(0.5, 1.0)},
        {"name": "mrg2"},
        {"more": 1},
    ],
    ids=str,
)
def test_any_change_changes_the_hash(change):
    assert _hash(**change) != _hash()


def test_stage_and_program_are_part_of_the_hash():
    assert hash_unit("other", "source", UNIT) != _hash()
    assert hash_unit("stage", "other", UNIT) != _hash()


def test_order_is_part_of_a_batch():
    assert hash_batch(["a", "b"]) != hash_batch(["b", "a"])


@pytest.fixture
def batch(tmp_path: Path):
    (tmp_path / "batches").mkdir()
    outputs = [
        {"rate_hz": np.array(1.5), "course_hz": np.arange(3.0), "status": np.array(0, np.int8)},
        {"rate_hz": np.array(np.nan), "course_hz": np.arange(5.0), "status": np.array(1, np.int8)},
    ]
    path = batch_path(tmp_path, "circuit", 2, "f" * 64)
    save_batch(path, "f" * 64, outputs)
    return path, outputs


def test_a_batch_survives_bit_by_bit(batch):
    path, outputs = batch
    assert path.name == "circuit-00002-ffffffffffff.h5"
    loaded = load_batch(path, "f" * 64, 2)
    assert loaded is not None
    for one, other in zip(loaded, outputs, strict=True):
        assert set(one) == set(other)
        for name, values in other.items():
            assert one[name].dtype == values.dtype
            assert one[name].shape == values.shape
            np.testing.assert_array_equal(one[name], values)


def test_an_absent_or_other_batch_is_not_used(batch):
    path, _ = batch
    assert load_batch(path.with_name("none.h5"), "f" * 64, 2) is None
    assert load_batch(path, "f" * 63 + "e", 2) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "text"])
def test_a_damaged_batch_is_not_used_and_the_log_says_so(batch, damage: str, caplog):
    path, _ = batch
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        place = content.find(np.array(1.5).tobytes())
        assert place > 0
        content[place] ^= 1
    else:
        content = bytearray(b"not HDF5")
    path.write_bytes(content)
    assert load_batch(path, "f" * 64, 2) is None
    assert f"{path} is damaged: it is computed again" in caplog.text


def test_units_of_a_sound_file_alone_are_listed_whatever_byte_is_damaged(tmp_path: Path):
    """The library of HDF5 takes damaged bytes for values, or loops over them: it must never see them."""
    path = batch_path(tmp_path, "circuit", 0, "f" * 64)
    path.parent.mkdir()
    names = (_hash(n=1), _hash(n=2))
    outputs = [{"rate_hz": np.array(1.5)}, {"rate_hz": np.array(2.5)}]
    save_batch(path, "f" * 64, outputs, names, "source")
    assert list_units(path, "source") == names
    assert list_units(path, "another source") == ()
    whole = path.read_bytes()
    for place in range(0, len(whole), 11):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 8]) + whole[place + 1 :])
        assert list_units(path, "source") == (), place
    path.unlink()
    assert list_units(path, "source") == ()


def test_a_unit_is_never_taken_from_a_batch_that_has_just_been_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Two threads whose batches lie under each other's names: one stores its own while the other reads."""
    (tmp_path / "batches").mkdir()
    mine, theirs = _hash(), _hash(n=4)
    path = batch_path(tmp_path, "circuit", 0, "f" * 64)

    def store(unit_hash: str, value: float) -> None:
        outputs = [{"value": np.array([value])}]
        save_batch(path, hash_batch((unit_hash,)), outputs, (unit_hash,), "source")

    store(mine, 1.0)
    shelf = Shelf(tmp_path, {"circuit": "source"})
    assert float(shelf.find("circuit", [mine])[mine]["value"][0]) == 1.0

    for name in ("peek_arrays", "read_arrays"):
        read = getattr(cache, name)

        def read_then_replace(*arguments, read=read):
            found = read(*arguments)
            store(theirs, 2.0)
            return found

        store(mine, 1.0)
        with monkeypatch.context() as patch:
            patch.setattr(cache, name, read_then_replace)
            found = shelf.find("circuit", [mine])
        assert [float(one["value"][0]) for one in found.values()] in ([], [1.0])
