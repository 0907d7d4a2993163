"""Benchmarks: seconds, start-up and sizes on the machine at hand. They assert nothing."""
