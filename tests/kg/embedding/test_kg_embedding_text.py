"""Reads vectors from text (word2vec, PyTorch-BigGraph) with keys of any characters, and NumPy."""

import bz2
import gzip

import numpy as np
import pytest

from kg import EmbeddingError
from kg.embedding import read_vectors

VECTORS = {
    "a": [0.25, -1.5, 3.0, 4e-3],
    "two words": [1.0, 0.0, 2.0, 0.5],
    "Q5": [9.0, 8.0, 7.0, 6.0],
}


def text(separator, header=None, inside=None):
    inside = inside or separator
    lines = [] if header is None else [separator.join(header)]
    lines += [key + separator + inside.join(map(str, row)) for key, row in VECTORS.items()]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("header", [None, ("3", "4"), ("3", "4", "0")])
@pytest.mark.parametrize(("separator", "inside"), [("\t", "\t"), ("\t", " "), (" ", " ")])
@pytest.mark.parametrize("name", ["v.tsv", "v.txt", "v.vec", "v.txt.gz", "v.tsv.bz2"])
def test_keys_and_numbers_are_read_with_or_without_sizes(tmp_path, name, separator, inside, header):
    pack = {"gz": gzip.compress, "bz2": bz2.compress}.get(name.rpartition(".")[2], bytes)
    (tmp_path / name).write_bytes(pack(text(separator, header, inside).encode()))
    found = read_vectors(tmp_path / name)
    assert list(found.keys) == list(VECTORS)
    assert np.array_equal(found.table.numpy(), np.array(list(VECTORS.values()), np.float32))


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        ("5\t1\t2\n6\t3\t4\n", ["5", "6"]),  # keys that are numbers, no sizes
        ("2\t2\t0\n6\t3\t4\n7\t3\t4\n", ["6", "7"]),  # sizes that could be a row: they fit
        ("5\t2\t0\n6\t3\t4\n", ["5", "6"]),  # a row that could be sizes: they do not
        ("7\t1\t2\n", ["7"]),
    ],
)
def test_a_first_line_of_three_numbers_is_sizes_only_where_they_fit(tmp_path, body, keys):
    (tmp_path / "v.tsv").write_text(body)
    assert list(read_vectors(tmp_path / "v.tsv").keys) == keys


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("4\t4\t0\n" + text("\t"), "announces 4 vectors, but there are 3"),
        ("a\t1\t2\nb\t1\n", "line 2: expected a key and 2 numbers"),
        ("a\t1\tx\n", "line 1"),
        ("a b\nc 1 2\n", "line 1: expected a key and its numbers, but found no numbers: 'a b'"),
        ("a\t1\tnan\n", "not finite"),
    ],
)
def test_what_is_malformed_is_refused(tmp_path, body, said):
    (tmp_path / "v.tsv").write_text(body)
    with pytest.raises(EmbeddingError, match=said):
        read_vectors(tmp_path / "v.tsv")


def test_a_line_separator_in_a_key_shifts_no_row(tmp_path):
    keys = ["a\u2028b", "c\u0085d", "e\x0bf", "NaN"]
    np.save(tmp_path / "v.npy", np.eye(4))
    (tmp_path / "keys.txt").write_bytes("\r\n".join([*keys, ""]).encode())
    found = read_vectors(tmp_path / "v.npy", keys=tmp_path / "keys.txt")
    assert list(found.keys) == keys
    assert found.vectors(["NaN"])[0].tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("kept", [0, 30, 200, -10])
def test_a_file_of_numpy_that_is_cut_is_one_clear_error(tmp_path, kept):
    np.savez(tmp_path / "v.npz", keys=np.array(["a", "b"]), vectors=np.eye(2))
    whole = (tmp_path / "v.npz").read_bytes()
    (tmp_path / "v.npz").write_bytes(whole[:kept])
    with pytest.raises(EmbeddingError, match=r"v\.npz: cannot be read"):
        read_vectors(tmp_path / "v.npz")
