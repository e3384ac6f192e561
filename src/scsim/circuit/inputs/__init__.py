"""Spike trains that reach the dorsal horn: natural input, volleys of stimulation, damage."""
