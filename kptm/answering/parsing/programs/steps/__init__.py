"""Rules for steps along a relation: which steps a question may mean, and in which direction."""
