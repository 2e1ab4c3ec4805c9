"""Stand-ins for a Kubernetes API server: one replays recordings, one has a state of its own."""
