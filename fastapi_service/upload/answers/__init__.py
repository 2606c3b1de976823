"""What a file's transcript looks like to a client, in each format. Pure."""
