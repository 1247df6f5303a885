"""The command line: `app.py` is its frame, each other room holds the commands of one subject."""
