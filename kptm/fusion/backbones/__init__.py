"""What is fused with knowledge: any Hugging Face language model, built, looked into, tried."""
