"""From a question to programs: what its tokens may stand for, the programs that can be made of it, and which of them it asks for."""
