"""What it costs and how quick it is: `make bench`, or `python -m tests.bench journeys paint` for some of it.

Figures of two machines do not compare: each is measured beside a floor of its own in the same run. BENCH_SCALE=1 is the full size.
"""
