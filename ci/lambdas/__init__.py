"""What ci/lambdas.py is made of: the build, the Lambda Runtime API, and the occasions on which the
functions are called. Everything stays on loopback."""
