"""Folders and archives of classes."""
