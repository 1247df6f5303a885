"""What `daemon.config` is made of: the keys (`keys.py`), secrets (`secret.py`), mistakes told to people (`mistakes.py`)."""
