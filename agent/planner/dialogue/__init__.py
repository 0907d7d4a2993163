"""Sentences that are about the conversation: questions, returns, ellipsis, versions, files."""
