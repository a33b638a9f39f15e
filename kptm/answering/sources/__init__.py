"""The sources of answers besides the graph: link prediction, the fused model, texts, modeledge."""
