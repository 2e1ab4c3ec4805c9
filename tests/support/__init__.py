"""What the integration scenarios share: real processes, certificates, backends and clients."""
