"""One format of the log for all: event is a line of named fields, setup the format."""
