"""A model that is loaded once, and calls of it whose errors are answers."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from sphinx_attention.core.boundary import as_attention_error
from sphinx_attention.core.errors import AttentionError, Problem

from .load_errors import is_out_of_memory
from .model_inputs import device_of
from .packages import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loading import Loaded

P = ParamSpec("P")
T = TypeVar("T")


class ModelOnce:
    """A model that is loaded when it is needed first. A failure is kept: it would come again.

    Args:
        loader: loads and prepares the model.
    """

    def __init__(self, loader: Callable[[], Loaded]) -> None:
        self._loader = loader
        self._loaded: Loaded | None = None
        self._failure: AttentionError | None = None

    @property
    def held(self) -> Loaded | None:
        """The model if it is loaded."""
        return self._loaded

    def get(self) -> Loaded:
        """The model, which is loaded now if it is not yet.

        Raises:
            AttentionError: it cannot be loaded.
        """
        if self._failure is not None:
            raise self._failure
        if self._loaded is None:
            try:
                self._loaded = self._loader()
            except AttentionError as error:
                self._failure = error.with_traceback(None)
                raise
        return self._loaded

    def free(self) -> None:
        """Free the model's memory. The next `get` loads the model again."""
        if self._loaded is None:
            return
        on_gpu = device_of(self._loaded.model).type == "cuda"
        self._loaded = None
        gc.collect()
        if on_gpu:
            require("torch").cuda.empty_cache()

    def start_again(self) -> None:
        """Free the model and forget a failure, because the loader now loads another model."""
        self.free()
        self._failure = None


class Guard:
    """Calls functions of a model, and returns their exceptions as errors.

    Args:
        label: what figures call the model.
        what: what the model reads, such as ``this text``.
        advice: what an author can do where the memory is full.
    """

    def __init__(self, label: str, what: str, advice: str) -> None:
        self._label, self._what, self._advice = label, what, advice

    def call(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | AttentionError:
        """Call a function, and turn any exception into an error that is returned."""
        try:
            return function(*args, **kwargs)
        except AttentionError as error:
            return error
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - also a panic of Rust, and SystemExit
            if is_out_of_memory(error):
                return AttentionError(
                    Problem.MEMORY,
                    f"{self._label} runs out of memory on {self._what}; {self._advice}",
                )
            return as_attention_error(
                error, Problem.MODEL, f"running {self._label} on {self._what}"
            )
