"""The drivers carry out what flows ask for, over the clients of httpx."""
