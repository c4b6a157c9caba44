"""Features of a folder of clips, from our senses and from larger encoders."""

import csv
import pickle
import shutil

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from comp_core.cli import main
from comp_core.data.gcnet import LayoutError, read_clips, write_labels
from comp_core.senses.pretrained import EncoderError, PretrainedVoice, PretrainedWords
from comp_core.senses.speech.vad import SAMPLE_RATE
from tests.places import SAMPLES

transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def voice_encoder(tmp_path_factory):
    """A wav2vec 2.0 of a few thousand parameters, as it would come from the hub."""
    folder = tmp_path_factory.mktemp("tiny-wav2vec2")
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(8, 8),
        conv_kernel=(10, 8),
        conv_stride=(5, 64),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
    )
    transformers.Wav2Vec2Model(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(sampling_rate=SAMPLE_RATE).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def words_encoder(tmp_path_factory):
    """A BERT of a few thousand parameters."""
    folder = tmp_path_factory.mktemp("tiny-bert")
    torch.manual_seed(0)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "so", "happy"]
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(pieces), hidden_size=12, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12
    )
    transformers.BertModel(config).save_pretrained(folder)
    return folder


def test_encoders_read_as_our_senses_do(voice_encoder, words_encoder):
    voice, words = PretrainedVoice(str(voice_encoder)), PretrainedWords(str(words_encoder))
    sound = np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE).astype(np.float32)
    assert voice.read(sound).feature.shape == (voice.feature_dim,) == (16,)
    assert words.read("so happy").feature.shape == (words.feature_dim,) == (12,)
    assert not np.allclose(words.read("so happy").feature, words.read("so so").feature)
    assert voice.read(np.zeros(SAMPLE_RATE, np.float32)).absent_because == "silence"
    assert words.read("  ").absent_because == "no words"


def test_an_encoder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EncoderError, match="nothing-here"):
        PretrainedWords(str(tmp_path / "nothing-here"))


def table(path, rows):
    with path.open("w", newline="") as lines:
        csv.writer(lines).writerows([("file", "conversation", "speaker", "label", "split"), *rows])
    return path


def test_extract_writes_the_layout_and_goes_on_after_a_bad_clip(tmp_path, voice_encoder, capsys):
    clips, out = tmp_path / "clips", tmp_path / "out"
    (clips / "a").mkdir(parents=True)
    shutil.copy(SAMPLES / "happy.mp4", clips / "a" / "one.mp4")
    shutil.copy(SAMPLES / "face.jpg", clips / "two.jpg")
    (clips / "three.mp4").write_bytes(b"nothing")
    rows = [("a/one.mp4", "a", "x", "joy", "train"), ("two.jpg", "b", "y", "joy", "test"), ("three.mp4", "b", "y", "joy", "test")]
    listed = table(tmp_path / "clips.csv", rows)
    arguments = ["extract", str(clips), "--table", str(listed), "--out", str(out), "--whisper", "off", "--voice", str(voice_encoder)]
    assert main(arguments) == 0
    assert "2 clips read" in capsys.readouterr().out
    features = {path.relative_to(out / "features").as_posix() for path in out.rglob("*.npy")}
    assert features == {f"{voice_encoder.name}/a__one.npy", "comp-video/a__one.npy", "comp-video/two.npy"}
    assert np.load(out / "features" / voice_encoder.name / "a__one.npy").shape == (16,)
    absent = {(row["utterance"], row["what"]) for row in csv.DictReader((out / "absent.csv").open())}
    assert absent == {("a__one", "text"), ("two", "text"), ("two", "audio"), ("three", "file")}
    names, labels, speakers, _sentences, train, valid, test = pickle.loads((out / "labels.pkl").read_bytes())
    assert names == {"a": ["a__one"], "b": ["two", "three"]}
    assert (labels["b"], speakers["a"], train, valid, test) == (["joy", "joy"], ["x"], ["a"], [], ["b"])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("one.mp4", "a", "", "joy", "dev")], "line 2"),
        ([("one.mp4", "a", "", "joy", "train"), ("two.mp4", "a", "", "joy", "test")], "two splits"),
        ([("../one.mp4", "a", "", "joy", "train")], "outside the folder"),
        ([("/etc/one.mp4", "a", "", "joy", "train")], "outside the folder"),
        ([("C:\\one.mp4", "a", "", "joy", "train")], "outside the folder"),
    ],
)
def test_a_bad_table_says_where(tmp_path, rows, says):
    with pytest.raises(LayoutError, match=says):
        read_clips(table(tmp_path / "clips.csv", rows))


def test_a_table_without_a_column_says_which(tmp_path):
    (tmp_path / "clips.csv").write_text("file,label\none.mp4,joy\n")
    with pytest.raises(LayoutError, match="conversation, speaker, split"):
        read_clips(tmp_path / "clips.csv")


@pytest.mark.parametrize("content", [b"\xff\xfe", "file,conversation\n".encode("utf-16"), b'"' + b"x" * 200_000, None])
def test_what_is_no_table_in_utf8_is_told(tmp_path, content):
    path = tmp_path / "clips.csv"
    if content:
        path.write_bytes(content)
    with pytest.raises(LayoutError, match="cannot be read as a CSV table"):
        read_clips(path)


def test_numbers_become_numbers(tmp_path):
    clips = read_clips(table(tmp_path / "clips.csv", [("one.mp4", "a", "", "-1.5", "train")]))
    write_labels(tmp_path / "labels.pkl", clips, {"one": "hello"})
    assert pickle.loads((tmp_path / "labels.pkl").read_bytes())[1] == {"a": [-1.5]}
