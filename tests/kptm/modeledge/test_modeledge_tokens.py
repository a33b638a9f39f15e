"""Contexts of tokens against plain transformers, and the mixture of vocabularies against NumPy."""

import shutil

import numpy as np
import pytest
import torch

from kptm import FusedModel, FusionConfig, Interpolation, LinkedText, Modeledge, ModeledgeError
from kptm.modeledge.knn.token_contexts import contexts, states, token_space, write_tokens
from kptm.modeledge.knn.token_prediction import TokenPredictor

TEXTS = [
    "The capital of Georgia is Tbilisi.",
    "Paris lies on the Seine.",
    "The Jordan flows into the Dead Sea.",
]
FAMILIES = ("bert", "roberta", "gpt2", "llama")


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, embeddings, tokenizer_of, config_of):
    tokenizer = tokenizer_of(request.param)
    config = config_of(request.param, tokenizer)
    return FusedModel.build(config, embeddings, FusionConfig(), tokenizer=tokenizer).eval()


@pytest.fixture
def store(empty_graph, tmp_path):
    path = tmp_path / "m.db"
    shutil.copy(empty_graph, path)
    made = Modeledge.open(path)
    yield made
    made.close()


def plain(texts):
    return [LinkedText(text, ()) for text in texts]


@torch.no_grad()
def by_hand(model, text):
    """(token, the hidden state that must predict it), from the plain backbone, text by text."""
    ids = model.tokenizer(text)["input_ids"]
    found = []
    for place, token in enumerate(ids):
        if token in model.tokenizer.all_special_ids or (model.causal and place == 0):
            continue
        if model.causal:
            seen, at = ids[:place], place - 1
        else:
            seen, at = [*ids[:place], model.tokenizer.mask_token_id, *ids[place + 1 :]], place
        hidden = model.backbone.base_model(torch.tensor([seen])).last_hidden_state
        found.append((model.tokenizer.convert_ids_to_tokens(token), hidden[0, at].numpy()))
    return found


def test_contexts_are_hidden_states_of_the_backbone(model, store):
    wanted = [pair for text in TEXTS for pair in by_hand(model, text)]
    assert write_tokens(store, model, plain(TEXTS)) == len(wanted)
    kept = list(store.vectors(token_space(model)))
    assert [record.value for record, _ in kept] == [token for token, _ in wanted]
    assert {record.kind for record, _ in kept} == {"token"}
    np.testing.assert_allclose(
        np.stack([vector for _, vector in kept]),
        np.stack([hidden for _, hidden in wanted]),
        atol=1e-4,
    )


def test_a_text_is_written_once(model, store):
    first = write_tokens(store, model, plain([TEXTS[0], TEXTS[0]]))
    assert write_tokens(store, model, plain(TEXTS[:2])) == len(by_hand(model, TEXTS[1]))
    assert store.stats()[token_space(model)] == first + len(by_hand(model, TEXTS[1]))
    assert write_tokens(store, model, plain([""])) == 0


def test_a_prediction_is_the_formula_over_the_vocabulary(model, store):
    write_tokens(store, model, plain(TEXTS))
    asked = LinkedText("The capital of Georgia is [MASK].", ())
    weights = Interpolation(k=5, temperature=0.05, edges=(-1.0,), weights=(0.6,))
    [answer] = TokenPredictor(model, store, weights).predict([asked])
    state_D = state_at_blank(model, asked.text)
    with torch.no_grad():
        p_V = model.token_logits(state_D[None])[0].double().softmax(0).numpy()
    kept = list(store.vectors(token_space(model)))
    keys = np.stack([vector for _, vector in kept])
    cosine = keys @ state_D.numpy()
    cosine /= np.linalg.norm(keys, axis=1) * np.linalg.norm(state_D.numpy())
    nearest = np.argsort(-cosine, kind="stable")[:5]
    mass = np.exp((cosine[nearest] - cosine.max()) / 0.05)
    wanted = 0.4 * p_V
    for number, part in zip(nearest, mass / mass.sum(), strict=True):
        wanted[model.tokenizer.convert_tokens_to_ids(kept[number][0].value)] += 0.6 * part
    np.testing.assert_allclose(answer.spread, wanted, atol=1e-4)
    assert answer.spread.sum() == pytest.approx(1)
    assert answer.p == answer.spread.max()
    assert model.tokenizer.convert_tokens_to_ids(answer.token) == answer.spread.argmax()
    assert {hit.value for hit in answer.cited} <= {answer.token}


@torch.no_grad()
def state_at_blank(model, text):
    before, behind = text.split("[MASK]")
    if model.causal:
        ids = model.tokenizer(before.rstrip())["input_ids"]
        special = model.tokenizer.all_special_ids
        at = max(place for place, token in enumerate(ids) if token not in special)
    else:
        ids = model.tokenizer(before + model.tokenizer.mask_token + behind)["input_ids"]
        at = ids.index(model.tokenizer.mask_token_id)
    return model.backbone.base_model(torch.tensor([ids])).last_hidden_state[0, at]


def test_an_abstaining_store_leaves_the_model(model, store):
    write_tokens(store, model, plain(TEXTS))
    silent = Interpolation(edges=(), weights=())
    asked = plain(["The [MASK] flows."])
    [alone] = TokenPredictor(model, store, silent).predict(asked)
    state_D = state_at_blank(model, asked[0].text)
    with torch.no_grad():
        p_V = model.token_logits(state_D[None])[0].double().softmax(0).numpy()
    np.testing.assert_allclose(alone.spread, p_V, atol=1e-5)
    assert alone.cited == ()


def test_written_texts_fit_a_high_lambda_and_are_recited(model, store):
    """The held-out texts are the written ones, so the store is right whenever it answers."""
    write_tokens(store, model, plain(TEXTS))
    predictor = TokenPredictor(model, store)
    # The same contexts have cosine 1 and the right token; the untrained model knows nothing.
    fitted = predictor.fit(plain(TEXTS))
    assert fitted == predictor.interpolation
    assert max(fitted.weights) > 0.7
    if model.causal:  # an untrained encoder gives nearly the same state to all blanks
        alone = TokenPredictor(model, store, Interpolation(edges=(), weights=()))
        asked = plain(["Paris lies on the [MASK]."])
        [ours], [theirs] = (asks.predict(asked) for asks in (predictor, alone))
        right = model.tokenizer.convert_tokens_to_ids(model.tokenizer.tokenize(" Seine")[0])
        assert ours.spread[right] > theirs.spread[right] + 0.1


def test_a_hidden_token_does_not_see_the_entity_it_names(embeddings, tokenizer_of, config_of):
    tokenizer = tokenizer_of("bert")
    built = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    text = LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris"), (18, 23, "Seine")])
    named = [{span.entity for span in item.text.spans} for item in contexts(built, text)]
    count = len(tokenizer.tokenize("Paris"))
    assert named[:count] == [{"Seine"}] * count
    assert {"Paris", "Seine"} in named


def test_a_decoder_continues_a_text_at_its_end(embeddings, tokenizer_of, config_of, store):
    tokenizer = tokenizer_of("gpt2")
    built = FusedModel.build(
        config_of("gpt2", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    predictor = TokenPredictor(built, store)
    [open_end, blank] = predictor.predict(plain(["The capital is", "The capital is [MASK]."]))
    np.testing.assert_allclose(open_end.spread, blank.spread, atol=1e-6)


def test_an_encoder_needs_a_blank(embeddings, tokenizer_of, config_of, store):
    tokenizer = tokenizer_of("bert")
    built = FusedModel.build(
        config_of("bert", tokenizer), embeddings, FusionConfig(), tokenizer=tokenizer
    )
    with pytest.raises(ModeledgeError, match="MASK"):
        TokenPredictor(built, store).predict(plain(["No blank here."]))
    assert states(built, []).shape == (0, built.backbone.config.hidden_size)
