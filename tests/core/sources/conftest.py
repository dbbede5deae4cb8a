"""What every test that runs a model needs."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of tiny models spend their time waiting for one another."""
    import torch

    torch.set_num_threads(1)
