"""Where passages say a name, and what each may mean."""
