"""The page: one HTML file that needs no network and runs no script. :mod:`.document` is what it is made of."""
