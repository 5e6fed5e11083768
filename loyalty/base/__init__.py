"""The domain's ground: clock, money, ids, errors, database."""
