"""What may happen, to whom, and when. Knows SQLModel and pyotp; no HTTP and no vendor."""
