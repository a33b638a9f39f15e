"""A fused model as an ONNX graph, written and run."""
