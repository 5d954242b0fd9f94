"""Images and structures whose geometry travels with the array."""
