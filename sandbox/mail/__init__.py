"""A stand-in for Amazon: SES that takes emails, and an SNS that signs what became of them."""
