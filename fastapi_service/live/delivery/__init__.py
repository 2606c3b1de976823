"""What goes to the clients: relay brings it, outcomes and speakers put it in order (feed), outbox sends it."""
