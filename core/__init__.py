"""Train and evaluate classifiers of handwritten digits; knows nothing of any user interface."""
