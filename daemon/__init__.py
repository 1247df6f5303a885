"""supportd: an email-driven support automation daemon."""
