"""Turns names into objects: looks up the components of a study in the registry, builds them, and passes them on."""
