"""Quick Actions Portal: a service company's customers do a common job in under a minute, on any channel."""
