"""What can be done to a case. Importing this touches no database; the vocabulary is in `vocabulary`."""
