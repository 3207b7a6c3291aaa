"""Stand-ins for data sets, drawn from a seed: every factor of variation is known, and no network is needed."""
