"""Providers for stampcard."""
