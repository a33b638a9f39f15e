"""Metrics, request ids and JSON logs, for those who run a server."""
