"""Varies names as people and files do."""

import string

SMALL = {"of", "the", "and", "a", "an", "in", "on", "for"}


def vary(name, chance):
    """Another way to write a name; one in six stays as it is."""
    words = name.split()
    ways = [lambda: name, lambda: _case(name, chance), lambda: _slip(name, chance)]
    if len(words) > 1:
        ways += [lambda: _order(words, chance), lambda: _abbreviate(words, chance)]
    return chance.choice([*ways, lambda: _slip(name, chance)])()


def _case(name, chance):
    return chance.choice([str.upper, str.lower, str.swapcase, str.title])(name)


def _slip(name, chance):
    """One or two letters left out, doubled, exchanged or replaced."""
    letters = list(name)
    for _ in range(1 if len(letters) < 9 else chance.choice((1, 1, 2))):
        at = chance.randrange(len(letters))
        kind = chance.randrange(4)
        if kind == 0 and len(letters) > 3:
            del letters[at]
        elif kind == 1:
            letters.insert(at, letters[at])
        elif kind == 2 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:
            letters[at] = chance.choice(string.ascii_lowercase)
    return "".join(letters)


def _order(words, chance):
    if chance.random() < 0.6:
        return f"{words[-1]}, {' '.join(words[:-1])}"
    mixed = words[:]
    chance.shuffle(mixed)
    return " ".join(mixed)


def _abbreviate(words, chance):
    """An initial for a word, a word cut short, a small word left out, or an acronym."""
    content = [word for word in words if word.lower() not in SMALL]
    if len(content) > 2 and chance.random() < 0.3:
        return "".join(word[0] for word in content).upper()
    if len(content) < len(words) and chance.random() < 0.5:
        return " ".join(content)
    at = chance.randrange(len(words) - 1)
    short = words[at][:1] if chance.random() < 0.6 else words[at][:4]
    return " ".join([*words[:at], short + ".", *words[at + 1 :]])
