"""What a server tells those who run it: metrics, request ids, and logs as JSON."""
