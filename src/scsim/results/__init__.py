"""Results: what a study writes, what each dataset means, and tables of it."""
