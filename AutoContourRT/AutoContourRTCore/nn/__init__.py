"""Networks, training and inference: the only package that imports torch."""
