"""The generated package as files: its index, its manifest, and the plan that writes them."""
