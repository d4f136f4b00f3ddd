"""Pictures of numbers: their lines, where digits may end, what is one, and the most likely way to read them."""
