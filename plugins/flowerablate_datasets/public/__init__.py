"""Public data sets, by the names that their makers gave to files."""
