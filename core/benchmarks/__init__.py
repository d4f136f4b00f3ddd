"""Measurements that the README quotes, each a command: `python -m core benchmark …`."""
