"""What is asked where the graph is silent: link prediction, the fused model, texts, modeledge."""
