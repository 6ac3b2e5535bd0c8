"""The page: one HTML file without scripts or external resources. :mod:`.document` holds its content."""
