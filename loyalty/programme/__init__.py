"""A shop's programme and its earning rules."""
