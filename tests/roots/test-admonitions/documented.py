"""A module.

.. attention:: The module is *old*.
"""


def function():
    """A function.

    .. attention::
        Do not call it twice.

    .. attention:: Nor
        once.

    Attention:
        Napoleon makes this one.

    Args:
        nothing: .. attention:: in an argument
    """
