"""CLIP's reading part on tiny random networks in the true file formats, and beside transformers' where that is installed."""

import gzip
import json
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from backend.encoders import ENCODERS, ClipText
from backend.encoders.byte_pairs import Words, _first_symbols, read_merges, split_words
from backend.weights.formats import read_tensors

sys.path.append(str(Path(__file__).parent))
from networks import as_hub, clip_text_weights, clip_vit_weights, merges, vocabulary

CPU = torch.device("cpu")
TEXTS = ["a photo of the cat", "Drawing: two dogs' 2024 CATS!!", "ein Käfer", "", "don't — we'll see"]


@pytest.fixture
def words():
    return Words(read_merges(vocabulary()))


def reader(weights, dtype=torch.float32):
    return ClipText(weights, {"merges": read_merges(vocabulary())}, CPU, "clip", dtype)


def test_the_vocabulary_is_read_in_every_form(tmp_path):
    tokenizer = {"model": {"type": "BPE", "merges": merges()}}
    older = {"model": {"merges": [" ".join(pair) for pair in merges()]}}
    forms = [vocabulary(), gzip.compress(vocabulary()), json.dumps(tokenizer).encode(), json.dumps(older).encode()]
    for number, content in enumerate(forms):
        (tmp_path / str(number)).write_bytes(content)
        found = read_tensors(tmp_path / str(number))
        assert list(found) == ["merges"]
        assert torch.equal(found["merges"], read_merges(forms[0])) and found["merges"].shape == (len(merges()), 2)


@pytest.mark.parametrize("content", [b"#version\n", b"#version\na b c\n", b"#version\nxx y\n", b'{"model": {}}', b"{]"])
def test_what_is_no_vocabulary_is_refused(content):
    with pytest.raises(ValueError):
        read_merges(content)


def test_words_are_split_as_clip_splits_them():
    assert split_words("Don't  DRAW 42 cats&amp;dogs!?") == ["don", "'t", "draw", "4", "2", "cats", "&", "dogs", "!?"]


def test_merges_are_made_in_the_order_of_their_list(words):
    symbols = [*_first_symbols(), *("".join(pair) for pair in merges())]
    assert [symbols[token] for token in words.tokens("the cats of")] == ["the</w>", "c", "at", "s</w>", "of</w>"]
    assert [symbols[token] for token in words.tokens("cat")] == ["cat</w>"]


def test_a_row_has_a_start_and_an_end_and_a_long_text_is_cut(words):
    short, long = words.rows(["cat", "cat " * 20], 8).tolist()
    assert short[0] == words.start and short[2] == words.end and short[3:] == [0] * 5
    assert long[0] == words.start and long[-1] == words.end


def test_the_hubs_text_layout_gives_what_openais_gives():
    weights = clip_text_weights(words=len(merges()))
    hub = text_as_hub(weights)
    assert torch.equal(reader(weights)(TEXTS), reader(hub)(TEXTS))


def test_a_text_has_an_embedding_of_its_own_wherever_it_stands():
    read = reader(clip_text_weights(words=len(merges())))
    together = read(TEXTS)
    assert together.shape == (len(TEXTS), 32) and together.dtype == torch.float32
    assert torch.allclose(read(TEXTS[1:2]), together[1:2], atol=1e-5)
    assert float(F.cosine_similarity(together[0], together[1], 0)) < 0.99


def test_no_word_is_read_before_its_turn():
    """What follows the end of a text has no part in it: the rest of a row is hidden from it."""
    read = reader(clip_text_weights(words=len(merges())))
    changed = {**clip_text_weights(words=len(merges()))}
    changed["token_embedding.weight"] = changed["token_embedding.weight"].clone()
    changed["token_embedding.weight"][0] += 5.0  # the filling behind the end; no letter here is token 0
    assert torch.allclose(read(["the cat"]), reader(changed)(["the cat"]), atol=1e-5)


def test_it_tells_whether_all_of_a_text_is_read():
    read = reader(clip_text_weights(words=len(merges()), length=10))
    assert read.holds("the cat of the cat") and not read.holds("the " * 9)


def text_as_hub(weights):
    found = {
        "text_model.embeddings.token_embedding.weight": weights["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": weights["positional_embedding"],
        "text_projection.weight": weights["text_projection"].T.contiguous(),
    }
    rest = {key: value for key, value in weights.items() if key.startswith(("transformer", "ln_final"))}
    for key, value in as_hub(rest).items():
        name = key.replace("transformer.resblocks.", "text_model.encoder.layers.")
        found[name.replace("ln_final", "text_model.final_layer_norm")] = value
    return found


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A tiny CLIP of transformers with its tokenizer, saved as the hub publishes models."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed: nothing to compare with")
    folder = tmp_path_factory.mktemp("hub")
    symbols = [*_first_symbols(), *("".join(pair) for pair in merges()), "<|startoftext|>", "<|endoftext|>"]
    numbers = {symbol: i for i, symbol in enumerate(symbols)}
    tokenizer = transformers.CLIPTokenizer(vocab=numbers, merges=[tuple(pair) for pair in merges()])
    shape = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**shape, "vocab_size": len(symbols), "projection_dim": 32, "eos_token_id": numbers["<|endoftext|>"]}
    sight = {**shape, "image_size": 48, "patch_size": 16, "projection_dim": 32}
    torch.manual_seed(0)
    config = transformers.CLIPConfig(text_config=text, vision_config=sight, projection_dim=32)
    model = transformers.CLIPModel(config).eval()
    for parameter in model.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)  # norms and biases of their own too
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer, folder


def test_tokens_are_those_of_transformers(published):
    _model, tokenizer, folder = published
    words = Words(read_tensors(folder / "tokenizer.json")["merges"])
    for text in TEXTS:
        assert [words.start, *words.tokens(text), words.end] == tokenizer(text)["input_ids"]


def test_text_embeddings_are_those_of_transformers(published):
    model, tokenizer, folder = published
    weights, vocabulary = (read_tensors(folder / name) for name in ("model.safetensors", "tokenizer.json"))
    given = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = model.text_projection(model.text_model(**given).pooler_output)
    assert torch.allclose(ClipText(weights, vocabulary, CPU, "clip", torch.float32)(TEXTS), expected, atol=1e-5)


def test_picture_embeddings_are_those_of_transformers(published):
    model, _tokenizer, folder = published
    picture = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(1))
    encoder = ENCODERS["clip_vit_b32"](read_tensors(folder / "model.safetensors"), CPU)
    encoder = type(encoder)(read_tensors(folder / "model.safetensors"), CPU, "clip", torch.float32)
    from backend.encoders.clip import DEVIATION, MEAN

    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    with torch.no_grad():
        seen = model.vision_model(pixel_values=(picture - mean) / deviation, output_hidden_states=True)
        expected = model.visual_projection(seen.pooler_output)
    found = encoder(picture)
    assert torch.allclose(found["pooled"][:, :, 0, 0], expected, atol=1e-5)
    assert torch.allclose(found["block1"].flatten(2).transpose(1, 2), seen.hidden_states[1][:, 1:], atol=1e-5)


def test_seeing_and_reading_parts_lie_in_one_file():
    weights = clip_vit_weights() | clip_text_weights(words=len(merges()))
    assert (
        reader(weights)(["cat"]).shape[1] == ENCODERS["clip_vit_b32"](weights, CPU)(torch.rand(1, 3, 48, 48))["pooled"].shape[1]
    )
