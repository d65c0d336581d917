"""Billing's files: customers and invoices as companies export them, read strictly and stored once.

Reading never guesses an amount: what can be read two ways is refused, with the line and the reason.
"""
