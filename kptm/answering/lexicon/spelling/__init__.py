"""How a language writes, splits and inflects its words."""
