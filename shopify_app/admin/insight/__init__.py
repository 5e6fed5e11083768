"""Model accuracy: how right the shop's own model was on what it had not seen."""
