"""Speech while it is spoken: where it is cut, what is asked of a worker meanwhile, and in which language it is."""
