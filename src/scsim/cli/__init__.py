"""The command line: one file per command, and `main.py` that puts them together.

Everything a command does is one call in Python; physics, files and pictures belong to other rooms.
"""
