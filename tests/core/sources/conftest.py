"""What every test that runs a model needs."""

import os

# PyTorch reads this when it is loaded. The threads of tiny models spend their time waiting for one
# another.
os.environ["OMP_NUM_THREADS"] = "1"
