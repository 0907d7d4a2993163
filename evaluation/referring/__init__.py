"""Measuring a segmenter on the published benchmarks of finding things by words."""
