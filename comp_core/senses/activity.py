"""Voice activity: how likely each 32 ms of a stream is speech (silero-vad)."""

SAMPLE_RATE = 16000
CHUNK = 512
