"""Who is there, and how well they have shown it: challenges (one-time codes), visits, and the limits on guessing them."""
