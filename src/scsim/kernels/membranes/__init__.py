"""Membranes in lanes: gates, currents and ion concentrations of each fiber model, one module each."""
