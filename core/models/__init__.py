"""Network architectures; `catalog.py` names them, one file per family builds them."""
