"""Backbones: any Hugging Face language model, built, inspected and tested for fusion."""
