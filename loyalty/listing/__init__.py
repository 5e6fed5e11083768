"""The members list: a narrow row for each active member, and how pages of them are found."""
