"""The spec of a model: everything that templates write down, as finished names, literals and conditions."""
