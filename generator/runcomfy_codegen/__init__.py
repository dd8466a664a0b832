"""runcomfy_codegen: from documentation pages to a typed, validating Python package.

``pages -> documents -> spec -> text -> plan -> disk``; everything up to the plan is pure. The command is
``runcomfy-codegen`` (``add``, ``generate``).
"""
