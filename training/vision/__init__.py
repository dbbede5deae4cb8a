"""The built-in vision model: a tiny vision transformer that names shapes, and its training.

``python -m training.vision.train`` trains the model, and ``python -m training.vision.evaluate``
measures it and its heads. Both run in a clone of the repository, and need the extra ``models``.
"""

from __future__ import annotations
