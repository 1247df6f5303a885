"""The wire: what comes from the mailbox and what goes to the relay. Addresses, texts and messages here are pure."""
