"""The training loop, optimisers and schedules, and checkpoints."""
