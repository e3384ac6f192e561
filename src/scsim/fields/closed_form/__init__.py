"""Fields of media with closed forms: homogeneous, half-space, layers."""
