"""scsim."""
