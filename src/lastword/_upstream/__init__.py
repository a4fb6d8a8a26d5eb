"""Every private name of livekit-agents that lastword touches; no other file names one.

Knows what the internals of livekit-agents look like, and checks that they still look so:

    versions     what is supported, and the check of a session when it is attached
    sessions     one session: its hooks, its state, its forced end
    rooms        the room of a session, and the outputs that lead there
    hooks        the methods that the tap wraps, and the streams that they belong to
    components   LLM, STT, TTS, what stands behind adapters, and their error events
    listeners    which sessions listen to a component, and how they hear of an error
    clients      HTTP clients below a stream that retry by themselves
    speakers     the voice of a session, as far as a TTS shows it
    transcripts  the timing of words by their sound, switched off for a while

Its modules must not import anything of lastword except its errors and each other.
"""
