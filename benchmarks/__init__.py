"""Our figures beside BertViz, and our capture beside ``output_attentions=True``, in one run.

    make benchmark                              # all of it, into benchmarks/results.md and .json
    .venv-bench/bin/python -m benchmarks --only hover --quick

A benchmark, not a test: every figure is a ratio against a peer measured in the same run, on the
same text, and times from two runs are not to be compared.
"""
