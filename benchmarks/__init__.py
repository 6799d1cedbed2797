"""One runnable file a claim: `python -m benchmarks.NAME` in the repository's top folder; see docs/benchmarks.md."""
