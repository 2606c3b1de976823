"""The scripts of `tools`."""
