"""OpenAI's Realtime transcription at `/v1/realtime`: another protocol for an ordinary session of `live`.

endpoint   takes a connection; query holds what its address asks for
transport  events up and down, as the connection of `live` wants them
config     the session as clients set it, in both of OpenAI's shapes; update reads their changes
sound      base64 and G.711 to 16 kHz; turns: where somebody speaks
items      turns as OpenAI's items, their transcripts in order; wording: texts that can only grow
events     the events down, and the errors
"""
