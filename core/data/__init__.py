"""Datasets, batches, augmentation and the preparation of drawings."""
