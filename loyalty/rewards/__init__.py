"""What points buy: rewards, who may have them, and what they cost."""
