"""What a study computes: the stages and their table."""
