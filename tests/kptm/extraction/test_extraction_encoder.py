"""Reading facts with an encoder: the vectors of a pair, and that other encoders are refused."""

import numpy as np
import pytest

from kptm import Workspace
from kptm.encoders import TokenEncoder
from kptm.errors import ModelError
from kptm.extraction.candidates.mention_pairs import pairs_of
from kptm.extraction.candidates.pair_context import contexts
from kptm.extraction.candidates.text_mentions import MentionKind, TextMention
from kptm.extraction.candidates.text_windows import windows_of
from kptm.extraction.extractor import Extractor


def test_a_pair_has_vectors_of_mentions_text_between_and_sentence(sentence_encoder):
    text = "A city. Paris is a city in France, a city. Texas is in a city."
    places = [text.index(name) for name in ("Paris", "France")]
    mentions = [
        TextMention(start, start + len(name), MentionKind.ENTITY, name, name)
        for start, name in zip(places, ("Paris", "France"), strict=True)
    ]
    [pair] = pairs_of(next(windows_of(text, mentions)))
    encoder = TokenEncoder(sentence_encoder, device="cpu")
    [found] = contexts(encoder, [pair])
    [states] = encoder.encode([text])
    last = places[1] + len("France")
    spans = [(places[0], places[0] + 5), (places[1], last), (places[0] + 5, places[1]), pair.span]
    wanted = []
    for start, end in spans:
        inside = (states.starts >= start) & (states.ends <= end)
        mean = states.states[inside].mean(0)
        wanted.append(mean / np.linalg.norm(mean))
    np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-3)


@pytest.mark.usefixtures("training")
def test_an_extractor_belongs_to_its_encoder(ws, texts, sentence_encoder):
    folder, changes = ws.folder, [f"texts.extraction_encoder={sentence_encoder}"]
    ws.close()
    with Workspace.open(folder, changes=changes) as changed:
        with pytest.raises(ModelError, match=r"trained with no encoder; set texts\.extraction"):
            changed.extractor()
        changed.learn_extractor(texts.known)
        extractor = changed.extractor()
        encoder = TokenEncoder(sentence_encoder)
        assert extractor.classifier.encoder == encoder.fingerprint
        assert extractor.classifier.context.shape[0] == 4 * encoder.width
        assert np.abs(extractor.classifier.context).max() > 0
        assert changed.extract(texts.fresh).proposed > 0
        again = Extractor.load(changed.layout.extractor, encoder=encoder)
        assert again.fingerprint == extractor.fingerprint
    with Workspace.open(folder) as without:
        with pytest.raises(ModelError, match=r"another encoder.*--retrain"):
            without.extract(texts.fresh)
        assert without.extract(texts.known, retrain=True).learnt > 0
