"""Our figures beside BertViz, and our capture beside ``output_attentions=True``, in one run.

    make benchmark                              # all of it, into benchmarks/results.md and .json
    .venv-bench/bin/python -m benchmarks --only hover --quick

This is a benchmark and not a test. Every figure is a ratio against a peer that is measured in the
same run on the same text. Times of two runs cannot be compared.
"""
