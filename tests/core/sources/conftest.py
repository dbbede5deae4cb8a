"""Settings for every test that runs a model."""

import os

# PyTorch reads this variable when it is loaded. With tiny models, several threads only wait for one
# another.
os.environ["OMP_NUM_THREADS"] = "1"
