"""From what a caller gives to what is sent: a draft, its files, and the order."""
