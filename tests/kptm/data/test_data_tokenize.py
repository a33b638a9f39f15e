"""Token spans, against the tokenizer's own offsets."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import Candidate
from kptm.data import EncodedText, TextEncoder, collate
from kptm.data.tokenize import TokenSpan
from kptm.errors import ModelError
from kptm.linking import Link, LinkedText

KINDS = ["bert", "roberta", "distilbert"]
WORDS = [
    "Georgia",
    "New  York",
    "Zürich",
    "北京",
    "👍🏽",
    "[MASK]",
    "is",
    ".",
    " ",
    "São Paulo",
    "\u0301",
]


@pytest.fixture(scope="module", params=KINDS)
def encoder(request, tokenizer_of, embeddings):
    return TextEncoder(tokenizer_of(request.param), embeddings, 64)


@st.composite
def linked(draw):
    """Words, some of them linked, with or without spaces between."""
    text, spans = "", []
    for word in draw(st.lists(st.sampled_from(WORDS), max_size=8)):
        if word not in ("[MASK]", " ", "\u0301") and draw(st.booleans()):
            spans.append((len(text), len(text) + len(word), draw(st.sampled_from(["Paris", "?"]))))
        text += word + draw(st.sampled_from(["", " ", "  "]))
    return LinkedText.from_spans(text, spans)


def by_offsets(encoder, document):
    """For each token by itself, the first link that overlaps it."""
    own = encoder.tokenizer.mask_token
    text = document.text.replace("[MASK]", own)
    encoding = encoder.tokenizer(text, return_offsets_mapping=True, return_special_tokens_mask=True)
    taken, spans = set(), []
    for link in document.links:
        shift = document.text[: link.start].count("[MASK]") * (len(own) - len("[MASK]"))
        start, end = link.start + shift, link.end + shift
        tokens = [
            token
            for token, (left, right) in enumerate(encoding["offset_mapping"])
            if max(left, start) < min(right, end)
            and not encoding["special_tokens_mask"][token]
            and token not in taken
        ]
        if tokens:
            spans.append((tokens[0], tokens[-1] + 1, link.entity))
            taken.update(tokens)
    return encoding["input_ids"], spans


@pytest.mark.usefixtures("many_inputs")
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=linked())
def test_spans_are_those_of_the_offsets(encoder, embeddings, document):
    encoded = encoder.encode(document)
    ids, spans = by_offsets(encoder, document)
    assert list(encoded.ids) == ids
    assert [(span.start, span.end, span.entity) for span in encoded.spans] == spans
    assert all(span.row == embeddings.row(span.entity) for span in encoded.spans)
    assert list(encoded.blanks) == [at for at, it in enumerate(ids) if it == encoder.mask_id]
    assert len(encoded.blanks) == document.text.count("[MASK]")


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_gives_the_same_as_single_texts(kind, tokenizer_of, embeddings):
    encoder = TextEncoder(tokenizer_of(kind), embeddings, 8)
    texts = ["[MASK] is in Paris", "", "is " * 20 + "[MASK]", "New York, Georgia"]
    together = encoder.encode_many([LinkedText(text) for text in texts])
    for text, encoded in zip(texts, together, strict=True):
        own = text.replace("[MASK]", encoder.tokenizer.mask_token)
        alone = encoder.tokenizer(own, truncation=True, max_length=8)["input_ids"]
        assert list(encoded.ids) == alone
        assert list(encoded.blanks) == [at for at, it in enumerate(alone) if it == encoder.mask_id]
    assert encoder.encode_many([]) == []


def test_a_mention_is_cut_where_the_text_is(tokenizer_of, embeddings):
    tokenizer = tokenizer_of("bert")
    text = "is is is is is New York"
    document = LinkedText.from_spans(text, [(0, 2, "Paris"), (15, 23, "New_York")])
    cut = TextEncoder(tokenizer, embeddings, 8).encode(document)
    assert len(cut.ids) == 8
    assert cut.spans == (TokenSpan(1, 2, "Paris", 3), TokenSpan(6, 7, "New_York", 2))
    text = "is " * 8 + "New York"
    document = LinkedText.from_spans(text, [(24, 32, "New_York")])
    assert TextEncoder(tokenizer, embeddings, 8).encode(document).spans == ()


def test_a_decoder_s_text_that_is_cut_before_its_blank_has_none(tokenizer_of, embeddings):
    """The last token that is read is not the one before the blank."""
    encoder = TextEncoder(tokenizer_of("roberta"), embeddings, 8, causal=True)
    for words in range(1, 12):
        text = "is " * words + "[MASK]"
        tokens = encoder.tokenizer(text.removesuffix(" [MASK]"))["input_ids"]
        encoded = encoder.encode(LinkedText(text))
        # Before the last token, which marks the end of the text.
        assert encoded.blanks == ((len(tokens) - 2,) if len(tokens) <= 8 else ())


def test_spans_stand_behind_a_longer_or_shorter_mask(tokenizer_of, embeddings):
    encoder = TextEncoder(tokenizer_of("roberta"), embeddings, 64)
    text = "[MASK] and [MASK] in Paris [MASK]"
    encoded = encoder.encode(LinkedText.from_spans(text, [(21, 26, "Paris")]))
    (span,) = encoded.spans
    assert encoder.tokenizer.decode(encoded.ids[span.start : span.end]).strip() == "Paris"
    assert len(encoded.blanks) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_mention_collapses_to_one_token(kind, tokenizer_of, embeddings):
    encoder = TextEncoder(tokenizer_of(kind), embeddings, 64)
    text = "[MASK] Georgia, Tbilisi, Paris [MASK]"
    spans = [(7, 14, "Georgia"), (16, 23, "Tbilisi"), (25, 30, "Paris")]
    whole = encoder.encode(LinkedText.from_spans(text, spans))
    short = whole.mask_mention(1, encoder.mask_id)
    # The result is that of a text written in this way.
    asked = "[MASK] Georgia, [MASK], Paris [MASK]"
    direct = encoder.encode(LinkedText.from_spans(asked, [spans[0], (24, 29, "Paris")]))
    assert short == EncodedText(direct.ids, direct.spans, direct.blanks)


class Slow:
    is_fast = False


def test_a_tokenizer_without_offsets_is_refused(embeddings):
    with pytest.raises(ModelError, match="Slow gives no character offsets; use a fast tokenizer"):
        TextEncoder(Slow(), embeddings, 64)


@pytest.mark.parametrize(("token", "said"), [("mask_token", "mask"), ("pad_token", "padding")])
def test_a_tokenizer_without_a_needed_token_is_refused(tokenizer_of, embeddings, token, said):
    tokenizer = tokenizer_of("bert")
    setattr(tokenizer, token, None)
    with pytest.raises(ModelError, match=f"has no {said} token"):
        TextEncoder(tokenizer, embeddings, 64)


def test_candidates_are_kept_on_request(tokenizer_of, embeddings):
    text = "Paris lies there."
    candidates = (Candidate("Paris", 0.7), Candidate("Seine", 0.2), Candidate("no vector", 0.1))
    linked = LinkedText(text, (Link(0, 5, "Paris", "Paris", 0.7, candidates),))
    tokenizer = tokenizer_of("bert")
    plain = TextEncoder(tokenizer, embeddings, 32).encode(linked)
    soft = TextEncoder(tokenizer, embeddings, 32, candidates=True)
    assert plain.spans[0].candidates == ()
    rows = {key: embeddings.row(key) for key in ("Paris", "Seine")}
    assert set(soft.encode(linked).spans[0].candidates) == {
        (rows["Paris"], 0.7),
        (rows["Seine"], 0.2),
    }
    certain = soft.encode(LinkedText.from_spans(text, [(0, 5, "Paris")]))
    assert certain.spans[0].candidates == ((rows["Paris"], 1.0),)
    batch = collate([soft.encode(linked), certain], 0)
    assert batch.candidate_rows.tolist()[1] == [rows["Paris"], 0]
    assert batch.candidate_priors.tolist()[1] == [1.0, 0.0]
    assert collate([plain], 0).candidate_rows is None


def test_offsets_without_width_are_refused(tokenizer_of, embeddings):
    known = tokenizer_of("bert")

    class Flat(type(known)):
        """Like some byte-level tokenizers, it gives each token a span of no width."""

        def __call__(self, text, **options):
            encoding = super().__call__(text, **options)
            encoding["offset_mapping"] = [(start, start) for start, _ in encoding["offset_mapping"]]
            return encoding

    flat = Flat(tokenizer_object=known.backend_tokenizer, pad_token="[PAD]", mask_token="[MASK]")
    document = LinkedText.from_spans("Paris is here", [(0, 5, "Paris")])
    with pytest.raises(ModelError, match="offsets without width"):
        TextEncoder(flat, embeddings, 64).encode(document)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_text_is_encoded_as_in_a_batch(tokenizer_of, embeddings, kind):
    encoder = TextEncoder(tokenizer_of(kind), embeddings, 64)
    documents = [
        LinkedText.from_spans("Paris is [MASK]", [(0, 5, "Paris")]),
        LinkedText.from_spans("New  York in Georgia", [(13, 20, "?")]),
    ]
    assert encoder.encode_many(documents) == [encoder.encode(document) for document in documents]
