"""Parts to rehearse a failure: scripted providers and recording or misbehaving outputs."""
