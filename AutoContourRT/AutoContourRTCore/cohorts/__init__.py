"""Many patients by one command, on processes of this machine or on a cluster."""
