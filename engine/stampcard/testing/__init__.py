"""Shipped for users: what tests of an integration need."""
