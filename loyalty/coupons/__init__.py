"""Coupons: discounts that a merchant hands out to members, one code for each."""
