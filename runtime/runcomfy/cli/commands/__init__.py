"""The subcommands of ``runcomfy-py``, one module each."""
