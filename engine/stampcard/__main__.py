"""`python -m stampcard`: the command, where its script is not on the path."""

from stampcard.cli import main

if __name__ == "__main__":
    main()
