"""Runs trials: wires objects from the registry into the rooms."""
