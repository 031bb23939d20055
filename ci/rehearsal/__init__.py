"""What the scripts in ci/ share: checks, media, a foreign ingest, a proxy that misbehaves, and
the `matinee` under test. Python's standard library only; everything stays on loopback."""
