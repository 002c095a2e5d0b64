"""Commands that need a provider's package; the command line finds them by the entry-point group `stampcard.commands`.

May live here: option parsing, printing, exit codes.
May not: what the commands do, which lives in the package they serve.
"""
