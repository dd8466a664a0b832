"""The clients, their jobs and results, and how requests are prepared."""
