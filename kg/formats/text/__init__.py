"""Tables as text: lines, encodings, layouts, rows."""
