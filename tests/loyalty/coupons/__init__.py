"""Coupons: saved, handed out, imported, used."""
