"""What is read from spikes and rates."""
