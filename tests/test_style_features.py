import numpy as np
import pytest

from backend.core import safetensors
from backend.core.errors import BadPack, Missing
from backend.style_features import WAY, feature_layers, read_features, write_features

GRAMS = {("squeezenet", "fire5"): np.eye(3, dtype=np.float32), ("vgg19", "relu1_1"): np.full((2, 2), 0.5, np.float32)}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "chalk" / "features.safetensors"
    path.parent.mkdir()
    path.write_bytes(write_features(GRAMS))
    return path


def test_what_was_written_is_read(file):
    assert feature_layers(file) == ["squeezenet/fire5", "vgg19/relu1_1"]
    [(layer, matrix)] = read_features(file, "vgg19", ["relu1_1"]).items()
    assert layer == "relu1_1" and (matrix == 0.5).all()
    assert write_features(dict(reversed(GRAMS.items()))) == file.read_bytes()


@pytest.mark.parametrize(("encoder", "layers"), [("clip", ["layer3"]), ("squeezenet", ["fire5", "fire9"])])
def test_features_of_another_encoder_or_layer_are_an_error(file, encoder, layers):
    with pytest.raises(Missing, match=rf"chalk has no features of {encoder}/{layers[-1]}, only: squeezenet/fire5"):
        read_features(file, encoder, layers)


@pytest.mark.parametrize("metadata", [{}, {**WAY, "side": "224"}, {**WAY, "format": "2"}])
def test_features_measured_another_way_are_an_error(file, metadata):
    file.write_bytes(safetensors.write({"squeezenet/fire5/gram": np.eye(3)}, metadata))
    with pytest.raises(BadPack, match="another way"):
        read_features(file, "squeezenet", ["fire5"])


@pytest.mark.parametrize("matrix", [np.zeros(3), np.zeros((2, 3)), np.full((2, 2), np.nan)])
def test_what_is_no_gram_matrix_is_an_error(file, matrix):
    file.write_bytes(safetensors.write({"squeezenet/fire5/gram": matrix}, WAY))
    with pytest.raises(BadPack, match="no Gram matrix"):
        read_features(file, "squeezenet", ["fire5"])


def test_damaged_and_absent_files(file, tmp_path):
    file.write_bytes(b"half")
    for read in (lambda: feature_layers(file), lambda: read_features(file, "squeezenet", ["fire5"])):
        with pytest.raises(BadPack, match="damaged"):
            read()
    assert feature_layers(tmp_path / "none") == []
    with pytest.raises(BadPack):
        read_features(tmp_path / "none", "squeezenet", ["fire5"])
