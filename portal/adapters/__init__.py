"""The outside, one vendor a module, each beside the sandbox that stands in for it."""
