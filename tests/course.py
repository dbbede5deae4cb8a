"""A model that is a function in a module beside the notes, for projects of several tests."""

from __future__ import annotations

FUNCTION = '''
def attention(text, pair=None):
    """Every token looks at the one before it; the first at itself."""
    words = text.split()
    if "refuse" in words:
        raise RuntimeError("refused")
    rows = [[float(j == max(i - 1, 0)) for j in range(len(words))] for i in range(len(words))]
    return {"tokens": words, "weights": rows}
'''
"""The content of `course_model.py`."""

BESIDE = "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parent))\n"
"""Lines of a conf.py that make modules beside the conf.py importable."""


def declared(function: str = "course_model:attention") -> str:
    """Lines of a conf.py whose default model, `course`, is a function of a module beside it."""
    return (
        f'{BESIDE}attention_model = "course"\n'
        f'attention_models = {{"course": {{"function": "{function}"}}}}\n'
    )


CONF = declared()
