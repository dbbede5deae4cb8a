"""Pages whose prose points at figures, on the same page and on another one."""

from __future__ import annotations

from . import DOG, heading

ROBBED = "she robbed the bank"

PAGES = {
    "prose.rst": heading("Prose")
    + "Look how :attn:focus:`fox looks at dog <animals 5.11 fox -> dog>`, "
    ":attn:weight:`animals 5.11 fox -> dog`, and at :attn:focus:`brown <animals 0.2 brown>`, and "
    "at :attn:focus:`the head before it <animals 0.2>`.\n\n"
    "The bank of the other one is :attn:focus:`robbed <banks sentence=1 5.11 bank -> robbed>`.\n\n"
    f".. attention:: {DOG}\n   :name: animals\n   :layer: 5\n   :head: 10\n\n"
    f".. attention:: the bank of the river was steep\n   :name: banks\n   :also: {ROBBED}\n"
    "   :layer: 5\n   :head: 10\n\n   A caption.\n\n"
    + "".join(f"Line {n}.\n\n" for n in range(40))
    + ":attn:focus:`From far below <animals 5.11 fox -> dog>`\n",
    "pinned.rst": heading("Pinned")
    + "Lines.\n\n" * 12
    + f".. attention:: the bank of the river was steep\n   :name: pinned\n   :also: {ROBBED}\n"
    "   :layer: 5\n   :head: 10\n   :focus: river\n\n"
    "Above, :attn:focus:`she <pinned sentence=1 5.11 she>` has no bank.\n\n"
    + "".join(f"Line {n}.\n\n" for n in range(40)),
    "steps-in-prose.rst": heading("Steps")
    + "Then comes :attn:focus:`the softmax <chain formula=softmax 0.2 fox -> dog>`, in "
    ":attn:focus:`logarithms <cells scale=log 0.2>`.\n\n"
    f".. attention:: {DOG}\n   :name: chain\n   :view: steps\n   :layer: 0\n   :head: 2\n\n"
    f".. attention:: {DOG}\n   :name: cells\n   :view: matrix\n   :layer: 0\n   :head: 1\n\n",
    "elsewhere.rst": heading("Elsewhere")
    + ":attn:focus:`fox looks at dog <animals 5.11 fox -> dog>`\n",
}
