"""SQL statements that must work on both databases."""


def test_percent_signs_are_operators_and_wildcards_with_and_without_parameters(graph):
    graph.add([("a", "r", "b"), ("ab", "r", "b")])
    with graph.database.reading() as sql:
        assert sql.one("SELECT 7 % 4") == 3
        assert sql.one("SELECT count(*) FROM entity WHERE key LIKE 'a%'") == 2
        like = "SELECT key FROM entity WHERE key LIKE '%b' AND id % 2 >= ? ORDER BY key"
        assert sql.all(like, (0,)) == [("ab",), ("b",)]
        assert list(sql.stream(like, (0,))) == [("ab",), ("b",)]
