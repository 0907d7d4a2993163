"""What a person at a terminal sees and types: the chat loop, slash commands, pictures and progress."""
