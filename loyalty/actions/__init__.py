"""What earns besides orders: joining, proving an email, a pass, a birthday, a visit, a follow."""
