"""Getting camera and microphone from the visitor to the session."""
