"""The built-in teaching model: a small transformer whose heads can be read, and how it is made.

``python -m training.train`` makes it, and ``python -m training.evaluate`` measures its heads. Both
run in a clone of the repository, and need the extra ``models``.
"""

from __future__ import annotations
