"""The graph: expressions, types, constants and walks. Imports nothing of ours."""
