"""Turns names into objects: what a study names is looked up in the registry, built, and handed to the rooms."""
