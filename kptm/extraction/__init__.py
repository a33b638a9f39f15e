"""Facts out of text: which relations a sentence states between the things that it names."""
