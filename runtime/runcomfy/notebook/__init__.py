"""How things show themselves in notebooks: the only home of HTML that is made in Python.

``%load_ext runcomfy.notebook`` shows plain lists of results, jobs, reports and outcomes as well; ``Gallery`` does so without it.
"""

from __future__ import annotations

from .gallery import Gallery, load_ipython_extension, unload_ipython_extension

__all__ = ["Gallery", "load_ipython_extension", "unload_ipython_extension"]
