"""The command line: one module a command, and ``main``, where every error becomes one sentence."""
