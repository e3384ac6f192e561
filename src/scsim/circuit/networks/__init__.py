"""Spiking networks: neurons and wiring, read from tables, assembled and run."""
