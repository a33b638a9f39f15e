"""English function words.

Country codes and titles are spelt like some of them ("to", "in", "it"), but such a word rarely
refers to the entity. A function word is a name only as an acronym ("US", "IT"), written exactly as
in the graph.
"""

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    "a an the this that these those i me my you your he him his she her it its we us our they them"
    " their"
    " who whom whose which what is am are was were be been being do does did has have had would"
    " shall should could of in on at to by for from with as into onto over under about after"
    " before between through during against out off up down and or but nor so yet if then than when"
    " where"
    " while because not no all any some each both such only very too also just more most there"
    " here".split()
)
