"""The index: exact, filtered before ranking, and thrown away rather than trusted."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import faiss
import numpy as np
import pytest

from rag.vectors import Header, StaleIndex, VectorIndex, replace_file
from tests.rag.bf16 import rounded

DIMENSION = 16


def drawn(seed: int, count: int) -> np.ndarray:
    """Rows that the index keeps as they are, (count, DIMENSION) float32."""
    return rounded(np.random.default_rng(seed).normal(size=(count, DIMENSION)))


class Rows:
    """A `VectorSource` in memory."""

    def __init__(self, count: int) -> None:
        rows = np.random.default_rng(1).normal(size=(count, DIMENSION)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        self.rows = dict(enumerate(rounded(rows), 100))
        self.generation = 7

    def vector_ids(self, fingerprint: str) -> tuple[int, np.ndarray]:
        return self.generation, np.array(sorted(self.rows), dtype=np.int64)

    def vectors(self, fingerprint: str, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        there = [int(i) for i in ids if int(i) in self.rows]
        return np.array(there, dtype=np.int64), np.array([self.rows[i] for i in there]).reshape(-1, DIMENSION)

    @property
    def ids(self) -> np.ndarray:
        return np.array(sorted(self.rows), dtype=np.int64)


@pytest.fixture
def source() -> Rows:
    return Rows(200)


def opened(path: Path, source: Rows, fingerprint: str = "f") -> VectorIndex:
    return VectorIndex.open(path, source, DIMENSION, fingerprint)


def test_the_nearest_are_exact_and_best_first(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    query = source.rows[150]
    ids, cosines = index.search(query, source.ids, 5)
    exact = sorted(source.rows, key=lambda i: -float(source.rows[i] @ query))[:5]
    assert ids.tolist() == exact
    assert ids[0] == 150
    assert cosines[0] == pytest.approx(float(query @ query))


def test_what_is_not_allowed_takes_nobodys_place(tmp_path: Path, source: Rows):
    """Filtering after the ranking would find nothing here: the best hundred are all forbidden."""
    query = source.rows[100]
    by_rank = sorted(source.rows, key=lambda i: -float(source.rows[i] @ query))
    ids, _ = opened(tmp_path / "i", source).search(query, np.array(by_rank[100:]), 3)
    assert ids.tolist() == by_rank[100:103]


def test_fewer_than_asked_for_are_no_hits_of_minus_one(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    ids, cosines = index.search(source.rows[100], np.array([101, 5000, 6000]), 50)
    assert ids.tolist() == [101]
    assert len(cosines) == 1
    for allowed in ([], [5000]):
        assert index.search(source.rows[100], np.array(allowed, dtype=np.int64), 5)[0].tolist() == []
    assert VectorIndex(DIMENSION, "f").search(source.rows[100], source.ids, 5)[0].tolist() == []


def test_removed_rows_are_not_found_and_others_stay(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    assert index.remove(np.array([100, 101, 9999])) == 2
    ids, _ = index.search(source.rows[100], source.ids, 200)
    assert sorted(ids.tolist()) == source.ids.tolist()[2:]
    assert 100 not in index
    assert len(index) == 198


def test_adding_twice_changes_nothing(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    index.add(np.array([100]), np.ones((1, DIMENSION), dtype=np.float32))
    assert len(index) == 200
    assert index.search(source.rows[100], source.ids, 1)[0].tolist() == [100]


def test_a_saved_index_is_read_and_finds_the_same(tmp_path: Path, source: Rows, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "i"
    before = opened(path, source)
    before.save(path, source)
    monkeypatch.setattr(source, "vectors", None)  # reading it needs no row
    after = opened(path, source)
    for query in list(source.rows.values())[:20]:
        assert after.search(query, source.ids, 10)[0].tolist() == before.search(query, source.ids, 10)[0].tolist()
    after.remove(np.array([100]))
    assert len(after) == 199


@pytest.mark.parametrize("change", ["generation", "row gone", "row new", "fingerprint", "dimension"])
def test_an_index_of_other_data_is_not_read(tmp_path: Path, source: Rows, change: str):
    path = tmp_path / "i"
    opened(path, source).save(path, source)
    header = Header(source.generation, 200, "f", DIMENSION)
    other = {
        "generation": Header(8, 200, "f", DIMENSION),
        "row gone": Header(7, 199, "f", DIMENSION),
        "row new": Header(7, 201, "f", DIMENSION),
        "fingerprint": Header(7, 200, "g", DIMENSION),
        "dimension": Header(7, 200, "f", DIMENSION * 2),
    }[change]
    assert len(VectorIndex.read(path, header)) == 200
    with pytest.raises(StaleIndex):
        VectorIndex.read(path, other)


def test_a_stale_index_is_built_again(tmp_path: Path, source: Rows):
    path = tmp_path / "i"
    opened(path, source).save(path, source)
    del source.rows[100]
    source.generation = 8
    index = opened(path, source)
    assert len(index) == 199
    assert 100 not in index


def test_every_damage_is_seen_and_the_rebuilt_index_finds_the_same(tmp_path: Path, source: Rows):
    path = tmp_path / "i"
    opened(path, source).save(path, source)
    good = path.read_bytes()
    expected = Header(source.generation, 200, "f", DIMENSION)
    dice = random.Random(1)
    for attempt in range(300):
        damaged = bytearray(good)
        if attempt % 3 == 0:
            del damaged[dice.randrange(len(damaged)) :]
        elif attempt % 3 == 1:
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        else:
            start = dice.randrange(len(damaged))
            damaged[start : start + 8] = dice.randbytes(40)
        path.write_bytes(damaged)
        with pytest.raises(StaleIndex):
            VectorIndex.read(path, expected)
    query = source.rows[150]
    fresh = VectorIndex(DIMENSION, "f")
    fresh.refresh(source)
    assert (
        opened(path, source).search(query, source.ids, 9)[0].tolist() == fresh.search(query, source.ids, 9)[0].tolist()
    )
    path.unlink()
    assert len(opened(path, source)) == 200


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "i"
    replace_file(path, b"old")

    def crash(descriptor: int) -> None:
        raise OSError("power gone")

    monkeypatch.setattr("os.fsync", crash)
    with pytest.raises(OSError, match="power gone"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_for_its_owner_only_and_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    steps: list[str] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: steps.append("sync"))
    renamed = Path.replace
    monkeypatch.setattr(Path, "replace", lambda old, new: (steps.append("rename"), renamed(old, new))[1])
    replace_file(tmp_path / "deep" / "i", b"new")
    assert steps == ["sync", "rename", "sync"]
    assert (tmp_path / "deep" / "i").stat().st_mode & 0o077 == 0


def test_refreshing_brings_an_index_to_its_source(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    source.rows[1000] = source.rows.pop(100)
    assert index.refresh(source) == source.generation
    assert index.search(source.rows[1000], source.ids, 1)[0].tolist() == [1000]
    assert 100 not in index


def test_adding_searching_and_removing_at_once(source: Rows):
    index = VectorIndex(DIMENSION, "f")
    wrong: list[object] = []
    done = threading.Event()

    def search() -> None:
        while not done.is_set():
            ids, cosines = index.search(source.rows[150], source.ids, 20)
            exact = [float(source.rows[int(i)] @ source.rows[150]) for i in ids]
            if not np.allclose(exact, cosines, atol=1e-5):
                wrong.append(ids)

    searching = threading.Thread(target=search)
    searching.start()
    for _ in range(15):
        for start in range(0, 200, 20):
            index.add(*source.vectors("f", source.ids[start : start + 20]))
        index.remove(source.ids[::2])
        index.remove(source.ids[1::2])
    done.set()
    searching.join()
    assert not wrong
    assert len(index) == 0


def test_faiss_works_with_one_thread():
    """Two spinning threads beside a busy process are many times slower than one."""
    assert faiss.omp_get_max_threads() == 1


def test_cosines_of_other_numbers_are_off_by_less_than_a_thousandth():
    rows = np.random.default_rng(3).normal(size=(500, 384)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = VectorIndex(384, "f")
    index.add(np.arange(500), rows)
    assert 0 < np.abs(index.cosines(rows[:2], np.arange(500)) - rows[:2] @ rows.T).max() < 0.001


# --- cosines of everything that is asked about -----------------------------------------------


def test_cosines_are_those_of_numpy_in_the_order_asked(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    queries = np.stack([source.rows[150], -source.rows[120]])
    ids = np.array([150, 299, 100, 150, 233])
    found = index.cosines(queries, ids)
    assert found.shape == (2, 5) and found.dtype == np.float32
    assert np.allclose(found, queries @ np.stack([source.rows[int(i)] for i in ids]).T, atol=1e-6)


def test_an_id_without_a_vector_has_no_cosine_and_costs_the_others_nothing(tmp_path: Path, source: Rows):
    index = opened(tmp_path / "i", source)
    ids = np.array([-1, 99, 100, 5_000_000, 101])
    found = index.cosines(source.rows[100][None], ids)[0]
    assert np.isnan(found).tolist() == [True, True, False, True, False]
    assert found[2] == pytest.approx(float(source.rows[100] @ source.rows[100]))
    assert np.isnan(VectorIndex(DIMENSION, "f").cosines(source.rows[100][None], ids)).all()
    assert index.cosines(source.rows[100][None], np.empty(0, dtype=np.int64)).shape == (1, 0)


def test_cosines_stay_right_when_rows_are_removed_and_added(source: Rows):
    """Removing moves every later row; more rows than a block, so that blocks meet."""
    rows = drawn(5, 2500)
    index = VectorIndex(DIMENSION, "f")
    index.add(np.arange(2500) * 3, rows)
    index.remove(np.arange(0, 900) * 3)
    index.add(np.array([7_501, 1]), rows[:2])
    ids = np.random.default_rng(6).permutation(np.concatenate([np.arange(900, 2500) * 3, [7_501, 1, 0, 3]]))
    kept = {**{n * 3: rows[n] for n in range(900, 2500)}, 7_501: rows[0], 1: rows[1]}
    expected = [float(kept[int(i)] @ rows[9]) if int(i) in kept else np.nan for i in ids]
    assert np.allclose(index.cosines(rows[9][None], ids)[0], expected, atol=1e-5, equal_nan=True)


def test_cosines_of_many_rows_are_shared_between_threads(monkeypatch: pytest.MonkeyPatch):
    """Every row is read once, whoever reads it; an odd number, so that one share is smaller."""
    monkeypatch.setattr("rag.vectors.FEW", 100)
    rows = drawn(7, 3001)
    index = VectorIndex(DIMENSION, "f")
    index.add(np.arange(3001), rows)
    ids = np.random.default_rng(8).permutation(3001)
    for queries in (rows[:1], rows[:3]):
        assert np.allclose(index.cosines(queries, ids), queries @ rows[ids].T, atol=1e-5)


def test_cosines_of_a_saved_index_are_the_same(tmp_path: Path, source: Rows):
    path = tmp_path / "i"
    before = opened(path, source)
    before.remove(np.array([110]))
    before.write(path, 7)
    after = VectorIndex.read(path, Header(7, 199, "f", DIMENSION))
    queries = source.rows[150][None]
    assert np.array_equal(after.cosines(queries, source.ids), before.cosines(queries, source.ids), equal_nan=True)


@pytest.mark.parametrize("missing", [[], [0], [70], [0, 1, 2, 500, 900, 901]])
def test_cosines_of_rows_in_order_are_right_around_those_that_are_missing(missing: list[int]):
    """Long runs are multiplied where they lie; what has no row ends one, also in front of the very first row."""
    rows = drawn(9, 1000)
    index = VectorIndex(DIMENSION, "f")
    index.add(np.delete(np.arange(1000), missing), np.delete(rows, missing, axis=0))
    expected = rows[3:5] @ rows.T
    expected[:, missing] = np.nan
    assert np.allclose(index.cosines(rows[3:5], np.arange(1000)), expected, atol=1e-5, equal_nan=True)
