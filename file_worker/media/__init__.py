"""Sound and video files to 16 kHz mono: tracks, frames, mixing, level, and the decoder over them."""
