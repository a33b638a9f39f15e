"""SQL: tables, spaces, records, sources that attest them, the log of operations, edits."""
