"""The database: its location, connections, transactions, a cursor's verbs, migrations."""
