"""Cuffs around nerves: angular modes and a series along the nerve."""
