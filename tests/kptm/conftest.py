"""Shared by the tests of kptm: an empty graph to copy, the example world, tiny backbones."""

import shutil

import pytest
import torch
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)
from tokenizers import processors as after
from transformers import (
    AlbertConfig,
    BertConfig,
    BertModel,
    BertTokenizerFast,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    GPT2Config,
    LlamaConfig,
    ModernBertConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    RobertaConfig,
    XLMRobertaConfig,
)

from kg import EntityEmbeddings, KnowledgeGraph
from kptm.data import train_tokenizer
from kptm.examples import World
from kptm.linking import Linker

LINES = [
    "The capital of Georgia is Tbilisi, and New York is not far from the Hudson.",
    "Paris lies on the Seine; São Paulo, Zürich and İstanbul do not.",
    "北京 is the capital of 中国, Москва that of Россия.",
    "The Jordan flows into the Dead Sea. The river is holy to many.",
]
ENTITIES = ("Georgia", "Tbilisi", "New_York", "Paris", "Seine", "Jordan", "Dead_Sea")


@pytest.fixture(scope="session")
def empty_graph(tmp_path_factory):
    """An empty graph on disk; migrating once is enough for all tests."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    KnowledgeGraph.open(path).close()
    return path


@pytest.fixture(scope="session")
def sentence_encoder(tmp_path_factory):
    """A folder with a tiny BERT of random weights and a vocabulary of some words."""
    folder = tmp_path_factory.mktemp("sentence_encoder")
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] paris : capital city of france in texas is a the . ,"
    (folder / "vocab.txt").write_text("\n".join(words.split()))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words.split()), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


@pytest.fixture
def new_graph(request, database, empty_graph, tmp_path):
    """A function that opens one more empty graph."""
    opened, urls = [], []

    def make() -> KnowledgeGraph:
        if database == "postgresql":
            urls.append(request.getfixturevalue("postgresql").new())
            place = urls[-1]
        else:
            place = tmp_path / f"graph{len(opened)}.db"
            shutil.copy(empty_graph, place)
        opened.append(KnowledgeGraph.open(place))
        return opened[-1]

    yield make
    for graph in opened:
        graph.close()
    for url in urls:
        request.getfixturevalue("postgresql").drop(url)


@pytest.fixture(scope="session")
def world():
    return World()


@pytest.fixture(scope="session")
def world_linker(world, empty_graph, tmp_path_factory):
    """A linker over the example world's graph."""
    path = tmp_path_factory.mktemp("world") / "world.db"
    shutil.copy(empty_graph, path)
    with KnowledgeGraph.open(path) as graph:
        graph.load_entities(world.entities)
        graph.load(world.triples)
        yield Linker(graph)


def byte_level():
    """A byte-level BPE tokenizer in RoBERTa's format."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.post_processor = after.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        sep_token="</s>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True),
    )


def uncased():
    """A WordPiece tokenizer that drops case and accents, as DistilBERT's."""
    tokenizer = train_tokenizer([line.lower() for line in LINES], vocab_size=200)
    tokenizer.backend_tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=True, strip_accents=True
    )
    return tokenizer


@pytest.fixture(scope="session")
def tokenizer_of():
    """A function that makes a fresh tokenizer in the format of a family."""
    made = {
        "bert": lambda: train_tokenizer(LINES, vocab_size=200),
        "roberta": byte_level,
        "distilbert": uncased,
    }
    made |= dict.fromkeys(("albert", "mpnet", "deberta-v2"), made["bert"])
    made |= dict.fromkeys(("gpt2", "llama", "qwen2"), byte_level)
    made |= {"xlm-roberta": byte_level, "electra": made["bert"], "modernbert": made["bert"]}
    return lambda kind: made[kind]()


@pytest.fixture(scope="session")
def config_of():
    """A function that makes the config of a tiny backbone that fits a tokenizer."""
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
    }
    distilled = {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
    plain = {
        "bert": (BertConfig, sizes),
        "roberta": (RobertaConfig, sizes),
        "distilbert": (DistilBertConfig, {**distilled, "max_position_embeddings": 64}),
        "xlm-roberta": (XLMRobertaConfig, sizes),
        "albert": (AlbertConfig, {**sizes, "embedding_size": 8}),
        "mpnet": (MPNetConfig, sizes),
        "deberta-v2": (
            DebertaV2Config,
            {**sizes, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
        ),
        "gpt2": (GPT2Config, {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}),
        "llama": (LlamaConfig, {**sizes, "num_key_value_heads": 2}),
        "qwen2": (Qwen2Config, {**sizes, "num_key_value_heads": 2}),
        "electra": (ElectraConfig, {**sizes, "embedding_size": 8}),
        "modernbert": (ModernBertConfig, {**sizes, "attn_implementation": "eager"}),
    }

    def make(kind, tokenizer, **changes):
        config, sized = plain[kind]
        ids = {"pad_token_id": tokenizer.pad_token_id, "vocab_size": len(tokenizer)}
        if kind == "modernbert":
            ids |= dict.fromkeys(("bos_token_id", "eos_token_id", "cls_token_id"), 2)
            ids["sep_token_id"] = 3
        return config(**{**sized, **ids, **changes})

    return make


@pytest.fixture(scope="session")
def embeddings():
    table = torch.randn(len(ENTITIES), 6, generator=torch.Generator().manual_seed(1))
    return EntityEmbeddings(ENTITIES, table)
