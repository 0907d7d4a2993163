"""The conversation: planners, the graph that carries out a plan, the chat and the command line."""
