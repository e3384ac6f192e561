"""Fields on voxels: anatomy of any shape."""
