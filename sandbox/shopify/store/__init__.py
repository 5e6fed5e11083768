"""What a store knows: people, products, orders and refunds, in memory."""
