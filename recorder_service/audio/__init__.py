"""Where the audio comes from: microphones and files."""
