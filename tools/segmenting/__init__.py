"""Finding things by words: the interface of a segmenter, and the engines behind it."""
