"""The store of solutions: names, disk, damage, limits, threads and processes."""

import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from scsim.errors import GeometryError, ScsimError
from scsim.fields import store as store_module
from scsim.fields.store import FieldStore, default_limit_bytes, default_store, solution_key


@dataclass(frozen=True)
class Count:
    """A problem whose solution shows its number; solving is counted."""

    number: float
    n_values: int = 100
    solver: str = "count"
    solved: list[float] = field(default_factory=list, compare=False)

    def solve(self):
        self.solved.append(self.number)
        return {
            "values": np.full(self.n_values, self.number),
            "table/with odd name": np.arange(6, dtype=np.int32).reshape(2, 3).T,
            "tissues": np.array(["csf", "gray_matter"]),
        }

    def refined(self):
        return Count(self.number, 2 * self.n_values)


@dataclass(frozen=True)
class Holder:
    value: object
    title: str = field(default="", compare=False)
    solver: str = "holder"

    def solve(self):
        return {"value": np.zeros(1)}

    def refined(self):
        return self


def assert_is_solution(found, number, n_values=100):
    np.testing.assert_array_equal(found["values"], np.full(n_values, number))
    np.testing.assert_array_equal(found["table/with odd name"], [[0, 3], [1, 4], [2, 5]])
    assert found["table/with odd name"].dtype == np.int32
    assert found["tissues"].tolist() == ["csf", "gray_matter"]


def files_of(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_problem_is_solved_once_then_remembered_then_loaded(tmp_path):
    first = FieldStore(tmp_path)
    for _ in range(3):
        assert_is_solution(first.fetch(Count(1.5)), 1.5)
    assert (first.n_solved, first.n_loaded, first.n_found) == (1, 0, 2)
    second = FieldStore(tmp_path)
    problem = Count(1.5)
    for _ in range(3):
        assert_is_solution(second.fetch(problem), 1.5)
    assert (second.n_solved, second.n_loaded, problem.solved) == (0, 1, [])
    assert files_of(tmp_path) == [f"{solution_key(problem)}.npz"]


def test_fresh_and_loaded_arrays_cannot_be_written_to(tmp_path):
    for _ in range(2):
        found = FieldStore(tmp_path).fetch(Count(1.0))
        with pytest.raises(ValueError, match="read-only"):
            found["values"][0] = 2.0


def test_a_caller_may_change_its_own_dictionary(tmp_path):
    store = FieldStore(tmp_path)
    store.fetch(Count(1.0)).clear()
    assert_is_solution(store.fetch(Count(1.0)), 1.0)


def test_the_file_opens_with_numpy(tmp_path):
    FieldStore(tmp_path).fetch(Count(2.0))
    with np.load(next(tmp_path.glob("*.npz"))) as archive:
        np.testing.assert_array_equal(archive["values"], np.full(100, 2.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, 1.0 + 2.0**-52),
        (0.1 + 0.2, 0.3),
        (None, "None"),
        ("a", ("a",)),
        ((1.0, (2.0,)), ((1.0, 2.0),)),
        (2**53, 2**53 + 1),
        (True, 1),
        (np.zeros(2000), np.concatenate([np.zeros(1999), [1e-300]])),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4), np.zeros(4, dtype=np.int64)),
        ({"csf": 1.7}, {"csf": 1.8}),
        (Holder(1.0), Holder(2.0)),
    ],
)
def test_another_content_has_another_name(one, other):
    assert solution_key(Holder(one)) != solution_key(Holder(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0.0, -0.0),
        (np.float64(0.1), 0.1),
        ((1.0, 2.0), [1.0, 2.0]),
        ({"a": 1, "b": 2}, MappingProxyType({"b": 2, "a": 1})),
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (Holder(1.0, title="one"), Holder(1.0, title="other")),
    ],
)
def test_equal_content_has_one_name(one, other):
    assert solution_key(Holder(one)) == solution_key(Holder(other))


def test_solver_and_class_are_part_of_the_name():
    @dataclass(frozen=True)
    class Other(Holder):
        pass

    names = {
        solution_key(problem)
        for problem in (Holder(1.0), Holder(1.0, solver="voxel"), Other(1.0), Count(1.0))
    }
    assert len(names) == 4


def test_source_and_versions_are_part_of_the_name(tmp_path, monkeypatch):
    package = tmp_path / "scsim"
    for name in ("electrodes", "fields", "kernels", "tissue"):
        (package / name).mkdir(parents=True)
    (package / "units.py").write_text("A = 1\n")
    solver = package / "fields" / "voxel.py"
    monkeypatch.setattr(store_module, "_PACKAGE", package)

    def name():
        store_module._program.cache_clear()
        return solution_key(Holder(1.0))

    try:
        solver.write_text("A = 1\n")
        before = name()
        assert name() == before
        solver.write_text("A = 2\n")
        changed = name()
        monkeypatch.setattr(store_module.metadata, "version", lambda _: "99.0")
        assert len({before, changed, name()}) == 3
    finally:
        monkeypatch.undo()
        store_module._program.cache_clear()


@pytest.mark.parametrize("value", [object(), Path("a"), np.array([object()]), {1.0, 2.0}, Holder])
def test_content_without_a_name_is_refused(tmp_path, value):
    with pytest.raises(
        TypeError, match=r"a problem holds .* cannot be named; allowed are numbers.*Replace it"
    ):
        FieldStore(tmp_path).fetch(Holder(value))


def test_a_solution_of_objects_is_refused(tmp_path):
    @dataclass(frozen=True)
    class Odd(Holder):
        def solve(self):
            return {"odd": np.array([object()])}

    with pytest.raises(TypeError, match=r"array 'odd' .* only numbers and texts.* Convert it"):
        FieldStore(tmp_path).fetch(Odd(1.0))


def damaged_copies(content):
    """Give contents that are each wrong in one way: a flipped bit anywhere, a cut, nothing, garbage."""
    places = np.unique(np.linspace(0, len(content) - 1, 60).astype(int)).tolist()
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        yield bytes(changed)
    for length in (0, 1, 50, len(content) // 2, len(content) - 1):
        yield content[:length]
    yield content + b"\0"
    yield content[:100] + content[101:]
    yield b"\0" * len(content)


def test_damage_is_never_trusted(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    FieldStore(tmp_path).fetch(Count(1.0))
    path = next(tmp_path.glob("*.npz"))
    content = path.read_bytes()
    n_damaged = 0
    for changed in damaged_copies(content):
        path.write_bytes(changed)
        store, problem = FieldStore(tmp_path), Count(1.0)
        assert_is_solution(store.fetch(problem), 1.0)
        assert (store.n_solved, store.n_loaded) == (1, 0)
        assert path.read_bytes() == content  # mended
        n_damaged += 1
    assert caplog.text.count("is damaged: it is deleted and solved again") == n_damaged


def test_a_solution_under_the_name_of_another_is_not_trusted(tmp_path):
    FieldStore(tmp_path).fetch(Count(1.0))
    path = next(tmp_path.glob("*.npz"))
    path.rename(tmp_path / f"{solution_key(Count(2.0))}.npz")
    store = FieldStore(tmp_path)
    assert_is_solution(store.fetch(Count(2.0)), 2.0)
    assert store.n_solved == 1


def test_the_least_recently_used_go_first(tmp_path):
    def path_of(number):
        return tmp_path / f"{solution_key(Count(number))}.npz"

    now = time.time()
    for number, age_s in ((0.0, 300.0), (1.0, 200.0), (2.0, 100.0)):
        FieldStore(tmp_path).fetch(Count(number))
        os.utime(path_of(number), (now - age_s, now - age_s))
    again = FieldStore(tmp_path)
    again.fetch(Count(0.0))  # the oldest file is used again
    assert again.n_loaded == 1
    limit = int(3.5 * path_of(0.0).stat().st_size)
    FieldStore(tmp_path, limit_bytes=limit).fetch(Count(3.0))
    assert set(tmp_path.iterdir()) == {path_of(number) for number in (0.0, 2.0, 3.0)}


def test_a_solution_beyond_the_limit_is_not_stored(tmp_path):
    for limit in (0, 500, 1500):
        store = FieldStore(tmp_path / "fields", limit_bytes=limit)
        assert_is_solution(store.fetch(Count(1.0)), 1.0)
        assert store.n_solved == 1
        assert not list(tmp_path.rglob("*.npz"))
        assert not list(tmp_path.rglob("*.partial"))


def test_memory_is_bounded(tmp_path):
    one = sum(values.nbytes for values in Count(0.0).solve().values())
    store = FieldStore(tmp_path, limit_bytes=0, memory_bytes=int(2.5 * one))
    for number in (1.0, 2.0, 1.0, 3.0, 1.0):  # 3 drives 2 out, not 1, which was used later
        store.fetch(Count(number))
    assert store.n_solved == 3
    store.fetch(Count(2.0))
    assert store.n_solved == 4
    none = FieldStore(tmp_path, limit_bytes=0, memory_bytes=0)
    none.fetch(Count(1.0))
    none.fetch(Count(1.0))
    assert none.n_solved == 2


def test_a_failed_solve_leaves_nothing_and_may_be_tried_again(tmp_path):
    faults = [GeometryError("no mesh")]

    @dataclass(frozen=True)
    class Failing(Holder):
        def solve(self):
            if faults:
                raise faults.pop()
            return {"value": np.ones(1)}

    store = FieldStore(tmp_path)
    with pytest.raises(GeometryError, match="no mesh"):
        store.fetch(Failing(1.0))
    assert files_of(tmp_path) == []
    assert store.fetch(Failing(1.0))["value"] == 1.0


def test_without_a_folder_it_works_and_warns_once(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    store = FieldStore(tmp_path / "file" / "fields")
    with pytest.warns(
        UserWarning, match=r"cannot be kept in .*fields.*Set SCSIM_CACHE_DIR"
    ) as seen:
        assert_is_solution(store.fetch(Count(1.0)), 1.0)
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_is_solution(store.fetch(Count(2.0)), 2.0)
        assert_is_solution(store.fetch(Count(1.0)), 1.0)
    assert store.n_solved == 2


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for this user"
)
def test_a_read_only_folder_is_read(tmp_path):
    FieldStore(tmp_path).fetch(Count(1.0))
    tmp_path.chmod(0o500)
    try:
        store = FieldStore(tmp_path)
        assert_is_solution(store.fetch(Count(1.0)), 1.0)
        assert store.n_loaded == 1
        with pytest.warns(UserWarning, match="cannot be kept"):
            store.fetch(Count(2.0))
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module, "write_npz", full)
    with pytest.warns(UserWarning, match=r"No space left on device"):
        assert_is_solution(FieldStore(tmp_path).fetch(Count(1.0)), 1.0)
    assert files_of(tmp_path) == []


def test_threads_that_ask_at_once_solve_once(tmp_path):
    started, go_on = threading.Event(), threading.Event()
    calls = []

    @dataclass(frozen=True)
    class Slow(Holder):
        def solve(self):
            calls.append(self.value)
            started.set()
            assert go_on.wait(20.0)
            return {"value": np.full(1, self.value)}

    store = FieldStore(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(store.fetch, Slow(1.0)) for _ in range(6)]
        assert started.wait(20.0)
        other = pool.submit(store.fetch, Count(5.0))  # another problem does not wait
        assert_is_solution(other.result(20.0), 5.0)
        assert not any(future.done() for future in waiting)
        go_on.set()
        assert [future.result(20.0)["value"].item() for future in waiting] == [1.0] * 6
    assert calls == [1.0]
    assert store.n_solved == 2


WORKER = """
import sys
from pathlib import Path
import numpy as np
sys.path.insert(0, {tests!r})
from test_fields_store import Count
from scsim.fields.store import FieldStore

n_solved = n_loaded = 0
for turn in range(40):
    store = FieldStore({folder!r}, limit_bytes={limit})
    number = float((7 * turn + {start}) % 5)
    found = store.fetch(Count(number, 20_000))
    assert (found["values"] == number).all() and found["values"].shape == (20_000,)
    n_solved += store.n_solved
    n_loaded += store.n_loaded
print(n_solved, n_loaded)
"""


def test_processes_share_a_folder(tmp_path):
    # Three of the five solutions fit, so that files are written, read, replaced and deleted all the time.
    limit = 3 * 165_000
    workers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                WORKER.format(
                    tests=str(Path(__file__).parent), folder=str(tmp_path), limit=limit, start=start
                ),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for start in range(3)
    ]
    counts = []
    for worker in workers:
        output, complaints = worker.communicate(timeout=100.0)
        assert (worker.returncode, complaints) == (0, "")  # no error, and no damage was logged
        counts.append([int(word) for word in output.split()])
    assert all(solved + loaded == 40 for solved, loaded in counts)
    assert sum(loaded for _, loaded in counts) > 0
    left = list(tmp_path.iterdir())
    assert 0 < sum(path.stat().st_size for path in left) <= limit
    assert {path.suffix for path in left} == {".npz"}


def test_the_default_store_lies_in_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SCSIM_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("SCSIM_FIELD_CACHE_GB", raising=False)
    store = default_store()
    assert store is default_store()
    assert store.folder == tmp_path / "fields"
    assert store.limit_bytes == 2_000_000_000
    monkeypatch.setenv("SCSIM_FIELD_CACHE_GB", "0.5")
    assert default_store().limit_bytes == 500_000_000
    monkeypatch.delenv("SCSIM_CACHE_DIR")
    assert default_store().folder.name == "fields"
    assert "scsim" in str(default_store().folder)


@pytest.mark.parametrize("text", ["much", "-1", "inf", "nan"])
def test_a_limit_that_is_no_size_is_refused(monkeypatch, text):
    monkeypatch.setenv("SCSIM_FIELD_CACHE_GB", text)
    with pytest.raises(
        ScsimError,
        match=rf"SCSIM_FIELD_CACHE_GB = '{text}': .* 0 or more\. Write one, for example 2,",
    ):
        default_limit_bytes()
