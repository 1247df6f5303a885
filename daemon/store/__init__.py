"""What is kept: the tables, the two queues, the facts a decision needs, the audit."""
