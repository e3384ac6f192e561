"""Rate models of the dorsal horn, and its sleep."""
