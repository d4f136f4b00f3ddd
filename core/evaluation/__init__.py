"""Predictions, metrics and the stored report of a run."""
