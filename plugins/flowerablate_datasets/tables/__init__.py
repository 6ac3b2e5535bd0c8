"""Tables of images and their labels."""
