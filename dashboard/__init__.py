"""The pages, charts and components that a browser shows; everything that computes is in core."""
