"""How the HTTP clients that we make for ourselves send: many calls at once, each within its deadline."""
