"""Ways to the same actions: each parses what came, asks the journey, and renders its step. None names an action."""
