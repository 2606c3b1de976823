"""A voice as a vector: the encoders, found by name, and what they hear of the sound."""
