"""Where the tables of a workspace are, and how they move from SQLite to PostgreSQL."""
