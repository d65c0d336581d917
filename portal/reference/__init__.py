"""Systems that a company has of its own, as small as they can be: to try the portal with, and to be tested against."""
