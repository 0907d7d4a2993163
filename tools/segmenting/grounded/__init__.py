"""A segmenter of two small models without a gate: one finds boxes by words, one draws masks in them."""
