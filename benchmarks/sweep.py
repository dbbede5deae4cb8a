"""Every text architecture of transformers, tiny and random, compared with its own weights.

``python -m benchmarks.sweep`` builds a model of each entry of transformers' registry from its
configuration, with a few layers and with weights that make attention uneven. It captures the model
as a build does, and compares every weight with the model's output for ``output_attentions=True``.
Each model runs in a process of its own, with a time limit. The results are written to
``architectures.json`` and, as a table, to ``architectures.md`` beside this file.

Name model types to run those alone: ``python -m benchmarks.sweep gpt_oss longformer``.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import inspect
import json
import multiprocessing
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx_attention.core.attention import NOTE
from sphinx_attention.core.phrases import ENGLISH

from .reference import SAME, difference, reference
from .tiny import TARGET, TEXTS, make, tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np

HERE = Path(__file__).parent
SECONDS = 150
"""The most time for one model."""

EQUAL, REFUSED, NONE, WRONG, CRASH, UNMADE, UNCHECKED = (
    "equal",
    "refused",
    "no attention",
    "wrong",
    "crash",
    "not made",
    "unchecked",
)


def sweep_one(kind: str) -> dict[str, Any]:
    """The result of one kind: a status, and a reason unless the weights are equal."""
    import torch

    from sphinx_attention.core.sources.huggingface.loading import quiet

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name, quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(name) / "model"
        try:
            model = make(kind, folder)
        except BaseException as error:  # noqa: BLE001 - whatever a model raises is a result
            return {"status": UNMADE, "why": _line(error)}
        try:
            return compare(model, folder)
        except BaseException as error:  # noqa: BLE001 - whatever a model raises is a result
            trace = traceback.format_exc(limit=-3).splitlines()
            return {"status": CRASH, "why": f"{_line(error)} {' | '.join(trace)}"}


def _line(error: BaseException) -> str:
    first = str(error).strip().splitlines()[:1]
    # The record is committed, so it must not name folders of the machine that wrote it.
    return re.sub(r"/[^\s'\"]*/site-packages/", "", f"{type(error).__name__}: {first}")


def compare(model: Any, folder: Path) -> dict[str, Any]:
    """Compare our capture of a saved model with the model's own output."""
    from transformers import AutoTokenizer

    from sphinx_attention.core.attention import Attention
    from sphinx_attention.core.request import ModelSource, Request
    from sphinx_attention.core.sources import open_source
    from sphinx_attention.core.sources.huggingface.model_class import text_tower

    whole, model = type(model), text_tower(model)
    for module in model.modules():
        if getattr(getattr(module, "config", None), "use_cache", False):
            # With a cache, FSMT masks nothing.
            module.config.use_cache = False
    model = _without_a_page(model)
    if unfit := _why_it_does_not_run(model):
        return {"status": UNMADE, "why": unfit}
    source = ModelSource(folder.name, path=str(folder), folder=str(folder))
    decodes = _decodes(model)
    target = TARGET if decodes else None
    parts: Sequence[Any] = ("encoder", "decoder", "cross") if decodes else (None,)
    requests = [Request(source, text, part=p, target=target) for text in TEXTS for p in parts]
    with open_source(source) as runner:
        answers = dict(runner.run(requests))
    refused = [a for a in answers.values() if not isinstance(a, Attention)]
    if len(refused) == len(requests) and (failure := _why_it_does_not_load(whole, folder)):
        return {"status": UNMADE, "why": f"transformers does not load what it saved: {failure}"}
    # This tokenizer was loaded with the model. For some kinds it splits the text in its own way.
    words = AutoTokenizer.from_pretrained(folder)
    references = {text: reference(model, words, text, _ids(answers, words, text)) for text in TEXTS}
    if len(refused) == len(requests):
        has = any(references.values())
        return {"status": REFUSED if has else NONE, "why": refused[0].message}
    return judged(answers, references)


def judged(
    answers: Mapping[Any, Any], references: Mapping[str, Mapping[str, list[np.ndarray]]]
) -> dict[str, Any]:
    """Judge the answers to all requests by the model's own weights."""
    found: dict[str, Any] = {"status": EQUAL, "cells": 0, "why": ""}
    notes = []
    for request, answer in answers.items():
        if not hasattr(answer, "weights"):
            notes.append(f"{request.part}: {answer.message}")
            continue
        found["capture"] = answer.provenance["capture"]
        found["layers"] = list(answer.layer_names)
        if note := answer.provenance.get(NOTE):
            found["note"] = ENGLISH.remark(note)
        own = references[request.text]
        layers = own.get(request.part or "one") or own.get(answer.part)
        if not layers:
            found["status"] = UNCHECKED
            continue
        wrong = difference(answer, layers)
        found["cells"] += answer.weights.size
        if wrong:
            found["status"] = WRONG
            notes.append(f"{request.part or ''} {len(answer.query_tokens)} tokens: {wrong}")
    if notes:
        found["why"] = "; ".join(dict.fromkeys(notes))
        if found["status"] == EQUAL:
            found["status"] = "in part"
    return found


def _why_it_does_not_load(model_class: Any, folder: Path) -> str:
    """The error of transformers when it loads a model that it has saved."""
    try:
        model_class.from_pretrained(folder)
    except Exception as error:  # noqa: BLE001 - loading a model raises as it likes
        return _line(error)
    return ""


def _without_a_page(model: Any) -> Any:
    """Give all words the position 0 on a page, for a model that needs positions (BROS)."""
    import torch

    if "bbox" in inspect.signature(model.forward).parameters and (
        "bbox" in _why_it_does_not_run(model).lower()
    ):
        plain = model.forward

        @functools.wraps(plain)
        def forward(input_ids: Any, **others: Any) -> Any:
            return plain(input_ids=input_ids, bbox=torch.zeros((*input_ids.shape, 4)), **others)

        model.forward = forward
    return model


def _why_it_does_not_run(model: Any) -> str:
    """The error of a model on a text. In most cases, sizes do not fit one another."""
    import torch

    inputs = dict(tokenizer()(TEXTS[0], return_tensors="pt"))
    if _decodes(model):
        inputs["decoder_input_ids"] = inputs["input_ids"][:, :4]
    try:
        with torch.no_grad():
            model(**inputs)
    except Exception as error:  # noqa: BLE001 - a model raises as it likes
        return f"does not run: {_line(error)}"
    return ""


def _decodes(model: Any) -> bool:
    """Whether a model has a decoder with a text of its own."""
    own = bool(getattr(model.config, "is_encoder_decoder", False))
    return own and "decoder_input_ids" in inspect.signature(model.forward).parameters


def _ids(answers: Mapping[Any, Any], words: Any, text: str) -> list[int] | None:
    """The ids of the decoder's tokens as we passed them to the model."""
    for request, answer in answers.items():
        if request.text == text and request.part == "decoder" and hasattr(answer, "weights"):
            tokens = [token.text for token in answer.query_tokens if not token.is_bin]
            return [int(n) for n in words.convert_tokens_to_ids(tokens)]
    return None


def text_kinds() -> list[str]:
    """The model types of transformers' registry: first those that write or fill in text.

    Halves of models come last, such as the text encoder of SigLIP.
    """
    from transformers.models.auto import modeling_auto as names
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    text = {
        *names.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        *names.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        *names.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    }
    models = names.MODEL_MAPPING_NAMES
    known = {*models, *CONFIG_MAPPING_NAMES}
    return sorted(known, key=lambda kind: (kind not in text, kind not in models, kind))


def _child(kind: str, pipe: Any) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        pipe.send(sweep_one(kind))


def run(kinds: Sequence[str], at_once: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run each kind in a process of its own."""
    # These imports take most of the time, so they run once, before the processes are forked.
    from transformers import (  # noqa: F401
        AutoTokenizer,
        CLIPModel,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
        T5ForConditionalGeneration,
        conversion_mapping,
    )

    from sphinx_attention.core.sources.huggingface import runner  # noqa: F401

    forking = multiprocessing.get_context("fork")
    waiting = list(reversed(kinds))
    running: dict[str, tuple[Any, Any, float]] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            kind = waiting.pop()
            ours, theirs = forking.Pipe(duplex=False)
            process = forking.Process(target=_child, args=(kind, theirs), daemon=True)
            process.start()
            theirs.close()
            running[kind] = (process, ours, time.monotonic())
        for kind, (process, pipe, since) in list(running.items()):
            result = None
            if pipe.poll(0.05):
                try:
                    result = pipe.recv()
                except EOFError:
                    result = {"status": CRASH, "why": f"the process ended ({process.exitcode})"}
            elif time.monotonic() - since > SECONDS:
                process.kill()
                result = {"status": CRASH, "why": f"more than {SECONDS} s"}
            if result is not None:
                process.join(5)
                result["seconds"] = round(time.monotonic() - since, 1)
                del running[kind]
                yield kind, result


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The results as a table for readers."""
    import torch
    import transformers

    counts = Counter(result["status"] for result in results.values())
    left = len(set(text_kinds()) - results.keys())
    judged = sum(counts[s] for s in (EQUAL, "in part", REFUSED, WRONG, CRASH))
    cells = sum(result.get("cells", 0) for result in results.values())
    made = (
        "Made by `python -m benchmarks.sweep` with transformers "
        f"{transformers.__version__} and torch {torch.__version__}: a tiny random model of each "
        "entry of transformers' registry, captured as a build would, every weight beside what the "
        "model returns for `output_attentions=True`."
    )
    printed = (
        f"Of {judged} that read text and return attention, {counts[EQUAL]} are equal to "
        f"{SAME:g} in {cells:,} weights ({100 * counts[EQUAL] / max(judged, 1):.1f} %)."
    )
    lines = [
        "# Every text architecture against its own attention",
        "",
        made,
        "",
        printed,
        *([f"Not run yet: {left} entries of the registry."] if left else []),
        "",
        "| | architectures |",
        "| --- | --- |",
        *(f"| {status} | {count} |" for status, count in counts.most_common()),
        "",
    ]
    for status in (WRONG, CRASH, "in part", REFUSED, UNCHECKED, NONE, UNMADE):
        found = {k: r for k, r in results.items() if r["status"] == status}
        if found:
            lines += [f"## {status.capitalize()}", "", *_listed(found), ""]
    return "\n".join(lines)


def _listed(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Kinds with their reasons. Kinds with the same reason stand together."""
    by_reason: dict[str, list[str]] = {}
    for kind, result in sorted(found.items()):
        by_reason.setdefault(result.get("why", "")[:300], []).append(f"`{kind}`")
    return [f"- {', '.join(kinds)}: {why}" for why, kinds in by_reason.items()]


def _is(results: Mapping[str, Mapping[str, Any]], kind: str, status: str) -> bool:
    return kind in results and results[kind]["status"] == status


def main() -> None:
    """Run the given kinds, and write their results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--output", type=Path, default=HERE)
    parser.add_argument("--only", help="run those of an earlier result that have this status")
    requested = parser.parse_args()
    stored = requested.output / "architectures.json"
    results: dict[str, Any] = json.loads(stored.read_text()) if stored.exists() else {}
    kinds = requested.kinds or [
        kind
        for kind in text_kinds()
        if (kind not in results if requested.only is None else _is(results, kind, requested.only))
    ]
    for kind, result in run(kinds, requested.at_once):
        results[kind] = result
        sys.stdout.write(f"{kind}: {result['status']} {result.get('why', '')[:400]}\n")
        sys.stdout.flush()
        stored.write_text(json.dumps(dict(sorted(results.items())), indent=1) + "\n")
    (requested.output / "architectures.md").write_text(table(results))


if __name__ == "__main__":
    main()
