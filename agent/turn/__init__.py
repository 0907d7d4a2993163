"""One turn of the conversation: the LangGraph graph, its nodes and what they work with."""
