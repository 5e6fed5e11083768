"""What can happen in a store. Each change alters the records, then tells the webhooks."""
