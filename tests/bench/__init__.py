"""`python -m tests.bench`: how fast and how large, in one run on one machine, as ratios. `make bench` writes it into README.md."""
