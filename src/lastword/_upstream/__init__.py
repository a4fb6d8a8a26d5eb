"""Every private name of livekit-agents that lastword touches; no other file names one.

Owns the knowledge of how the inside of livekit-agents looks, and the check that it still looks so:

    versions     what is supported, and the look at a session when it is attached
    sessions     one session: its hooks, its state, its forced end
    rooms        the room of a session, and the outputs that lead there
    hooks        the methods that the tap wraps, and the streams that they belong to
    components   LLM, STT, TTS, what stands behind adapters, and their error events
    listeners    which sessions listen to a component, and how they hear of an error
    clients      HTTP clients below a stream that ask again by themselves
    speakers     the voice of a session, as far as a TTS shows it

Its modules must not import anything of lastword but its errors and each other.
"""
