"""The clients, the jobs and results that they give, and how requests are prepared."""
