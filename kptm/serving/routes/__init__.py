"""The routes of the REST API, by what they work on."""
