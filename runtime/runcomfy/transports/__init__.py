"""The transports: many concurrent calls over HTTP, each within its deadline."""
