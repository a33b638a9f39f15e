"""The archive of keys against a dictionary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.store.write import key_filter
from kg.store.write.key_filter import KeyFilter

KEYS = st.text(min_size=1, max_size=3)
BATCHES = st.lists(st.dictionaries(KEYS, st.integers(1, 2**32 - 1), min_size=1, max_size=8))


@pytest.mark.parametrize("hashed", [hash, len])  # the second makes many keys collide
@given(batches=BATCHES, asked=st.sets(KEYS))
def test_added_keys_are_found(hashed, batches, asked):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_filter, "hash", hashed, raising=False)
        known, mine = {}, KeyFilter()
        for batch in batches:
            mine.add(batch)
            known = batch | known
        wanted = sorted(asked | set(known))
        assert mine.find(wanted) == {key: known[key] for key in wanted if key in known}
        assert mine.complete


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(key_filter, "MAX_KEYS", 2)
    mine = KeyFilter()
    mine.add({"a": 1, "b": 2})
    assert mine.complete
    mine.add({"c": 3})
    assert not mine.complete
    assert mine.find(["a", "b", "c"]) == {"a": 1, "b": 2}
