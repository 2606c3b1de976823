// The stream's format, fixed by docs/protocol.md: signed 16-bit little-endian, mono, 16 kHz.

export const SAMPLE_RATE_HZ = 16_000;
export const BYTES_PER_SAMPLE = 2;
export const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;
