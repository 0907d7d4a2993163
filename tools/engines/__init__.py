"""What engines have in common: names, presets, downloads, memory, threads."""
