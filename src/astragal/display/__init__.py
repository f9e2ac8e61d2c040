"""How objects show themselves: text, pictures, notebooks."""
