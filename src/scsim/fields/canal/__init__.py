"""Leads in the spinal canal: a series along the cord, finite elements across."""
