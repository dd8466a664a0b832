"""The drivers run flows over transports."""
