import json

import numpy as np
import pytest

from backend.core.safetensors import header, read, write

TENSORS = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.array(1.5, np.float32), "c": np.zeros((0, 4), np.float32)}


def file(entries, data=b"", length=None):
    head = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return (len(head) if length is None else length).to_bytes(8, "little") + head + data


def tensor(begin=0, end=4, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_what_was_written_is_read():
    tensors, metadata = read(write(TENSORS, {"encoder": "x"}))
    assert metadata == {"encoder": "x"} and set(tensors) == set(TENSORS)
    for name, values in TENSORS.items():
        assert tensors[name].shape == values.shape and (tensors[name] == values).all()


def test_the_same_tensors_give_the_same_bytes():
    again = dict(reversed(TENSORS.items()))
    assert write(TENSORS, {"b": "1", "a": "2"}) == write(again, {"a": "2", "b": "1"})


@pytest.mark.parametrize("data", [
    b"", b"1234567", file(b"", length=2**60), file({}, b"rest"), file(b"[]"), file(b"{"), file(b"\xff\xff"),
    file(b"[" * 100_000), file({"a": 5}), file({"a": tensor()}, b"123"), file({"a": tensor()}, b"12345"),
    file({"a": tensor(0, 8)}, b"12345678"), file({"a": tensor(4, 8), "b": tensor(4, 8)}, b"12345678"),
    file({"a": tensor(4, 8)}, b"12345678"), file({"a": tensor(-4, 0)}, b"1234"), file({"a": tensor(shape=[True])}, b"1234"),
    file({"a": tensor(shape=[-1])}, b"1234"), file({"a": tensor(shape=[2**47, 2**47])}, b"1234"),
    file({"a": tensor(dtype="PICKLE")}, b"1234"), file({"a": {**tensor(), "more": 1}}, b"1234"),
    file({"__metadata__": {"a": 1}}), file({"__metadata__": []}),
    file(b'{"a":%b,"a":%b}' % ((json.dumps(tensor()).encode(),) * 2), b"1234"),
])  # fmt: skip
def test_what_is_no_such_file_is_refused(data):
    with pytest.raises(ValueError, match=r"header|tensor|data|metadata"):
        header(data)
