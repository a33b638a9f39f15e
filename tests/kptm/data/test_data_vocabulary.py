"""A vocabulary made from a user's own texts."""

from kptm.data import train_tokenizer


def test_a_trained_tokenizer_keeps_offsets_and_capitals():
    text = "Tbilisi and tbilisi, Zürich, 北京大学 [MASK]"
    tokenizer = train_tokenizer([text] * 3, vocab_size=200)
    encoding = tokenizer(text, return_offsets_mapping=True)
    tokens = tokenizer.convert_ids_to_tokens(encoding["input_ids"])
    assert tokens[0] == "[CLS]"
    assert tokens[-2:] == ["[MASK]", "[SEP]"]
    written = [text[start:end] for start, end in encoding["offset_mapping"]]
    assert [token.removeprefix("##") for token in tokens[1:-2]] == written[1:-2]
    assert {"Tbilisi", "tbilisi", "北"} <= set(tokens)
    assert tokenizer.convert_tokens_to_ids(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]) == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_the_same_texts_give_the_same_vocabulary():
    texts = ["The capital of Georgia is Tbilisi."] * 2
    first, second = (train_tokenizer(texts, vocab_size=90).get_vocab() for _ in range(2))
    assert first == second
    assert len(first) <= 90
