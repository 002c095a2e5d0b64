"""Local providers that behave like the real ones: a pure model each, and one small server in front of them.

May live here: readings of the providers' sheets, with ledgers whose books must balance.
May not: anything of `stampcard`, nor of the adapters. A sandbox is a second reading of the same sheet; if the two
shared code, their agreement would prove nothing.
"""
