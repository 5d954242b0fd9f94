"""The structure catalogue: names, codes, colours, tolerances."""
