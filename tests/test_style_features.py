import numpy as np
import pytest

from backend.core import safetensors
from backend.core.errors import BadPack, Missing
from backend.style_features import (
    EMBEDDING,
    WAY,
    check_channels,
    feature_layers,
    has_features,
    read_features,
    write_features,
)

FEATURES = {
    ("squeezenet", "fire5"): np.eye(3, dtype=np.float32),
    ("vgg19", "relu1_1"): np.full((2, 2), 0.5, np.float32),
    ("clip_rn101", "pooled"): np.array([0.6, 0.8], np.float32),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "chalk" / "features.safetensors"
    path.parent.mkdir()
    path.write_bytes(write_features(FEATURES))
    return path


def test_what_was_written_is_read(file):
    assert feature_layers(file) == ["clip_rn101/pooled", "squeezenet/fire5", "vgg19/relu1_1"]
    [(layer, matrix)] = read_features(file, "vgg19", ["relu1_1"]).items()
    assert layer == "relu1_1" and (matrix == 0.5).all()
    [(layer, vector)] = read_features(file, "clip_rn101", ["pooled"], EMBEDDING).items()
    assert layer == "pooled" and vector.tolist() == pytest.approx([0.6, 0.8])
    assert write_features(dict(reversed(FEATURES.items()))) == file.read_bytes()


@pytest.mark.parametrize(
    ("encoder", "layers"), [("clip", ["layer3"]), ("clip_rn101", ["pooled"]), ("squeezenet", ["fire5", "fire9"])]
)
def test_features_of_another_encoder_or_layer_are_an_error(file, encoder, layers):
    with pytest.raises(
        Missing, match=rf"chalk has no gram of {encoder}/{layers[-1]}, only: .*squeezenet/fire5.*style features chalk"
    ):
        read_features(file, encoder, layers)


@pytest.mark.parametrize("metadata", [{}, {**WAY, "side": "224"}, {**WAY, "format": "2"}])
def test_features_measured_another_way_are_an_error(file, metadata):
    file.write_bytes(safetensors.write({"squeezenet/fire5/gram": np.eye(3)}, metadata))
    with pytest.raises(BadPack, match="another way"):
        read_features(file, "squeezenet", ["fire5"])


def test_only_the_way_of_what_is_read_counts(file):
    grams_only = {key: value for key, value in WAY.items() if key != EMBEDDING}
    tensors = {"squeezenet/fire5/gram": np.eye(3), "clip_rn101/pooled/embedding": np.ones(2)}
    file.write_bytes(safetensors.write(tensors, grams_only))
    assert read_features(file, "squeezenet", ["fire5"])
    with pytest.raises(BadPack, match="another way"):
        read_features(file, "clip_rn101", ["pooled"], EMBEDDING)


def test_what_a_file_holds_is_known_by_encoder(file, tmp_path):
    assert has_features(file, "vgg19") and not has_features(file, "vgg") and not has_features(tmp_path / "none", "vgg19")


def test_another_networks_channels_are_an_error(file):
    check_channels(file, "vgg19", "relu1_1", 2, 2)
    with pytest.raises(BadPack, match="of vgg19/relu1_1 are another network's: of 2 channels, not 64"):
        check_channels(file, "vgg19", "relu1_1", 2, 64)


@pytest.mark.parametrize("matrix", [np.zeros(3), np.zeros((2, 3)), np.full((2, 2), np.nan)])
def test_what_is_no_gram_matrix_is_an_error(file, matrix):
    file.write_bytes(safetensors.write({"squeezenet/fire5/gram": matrix}, WAY))
    with pytest.raises(BadPack, match="are no gram"):
        read_features(file, "squeezenet", ["fire5"])


def test_damaged_and_absent_files(file, tmp_path):
    file.write_bytes(b"half")
    for read in (lambda: feature_layers(file), lambda: read_features(file, "squeezenet", ["fire5"])):
        with pytest.raises(BadPack, match="damaged"):
            read()
    assert feature_layers(tmp_path / "none") == []
    with pytest.raises(BadPack):
        read_features(tmp_path / "none", "squeezenet", ["fire5"])
