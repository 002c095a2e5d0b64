"""The `stampcard` command."""
