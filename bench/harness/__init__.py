"""The parts of bench/run.py, one concept a file; bench/README.md says what they measure."""
