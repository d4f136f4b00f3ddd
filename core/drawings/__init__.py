"""A person's own test set: drawings with their right labels, kept as pictures and exchanged as one zip."""
