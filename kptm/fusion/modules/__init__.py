"""Named modules of a fused model: add, switch, stack, save and load them."""
