"""What ci/performance.py is made of."""
