"""The statements: tables, spaces, records, who attests them, the log of operations, edits and receipts."""
