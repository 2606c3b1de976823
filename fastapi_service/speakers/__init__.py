"""What a visitor says of the speakers of a session: their names, and that their voices are to be forgotten."""
