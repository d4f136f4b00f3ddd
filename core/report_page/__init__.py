"""One run as one HTML file that opens anywhere, asks nothing of a network, and can be kept, sent or printed."""
