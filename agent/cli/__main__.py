"""``python -m agent.cli``: the same as ``inpalla``."""

from agent.cli.main import main

main()
