"""Files behind media inputs: their formats, their facts, the rules that they must keep."""
