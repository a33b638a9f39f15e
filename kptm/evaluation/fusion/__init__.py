"""Does knowledge arrive in the model? Studies with control arms."""
