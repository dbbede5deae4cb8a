"""The output projection of an attention layer, and how long the vectors are that keys add.

A layer joins the outputs of its heads and multiplies them by W^O. Which module does this differs
from model to model: it may be a part of the layer or stand beside it, and it may be a ``Linear`` or
GPT-2's ``Conv1D``. It is therefore found in the trial pass: it is a module whose input is exactly
what the layer's eager function returned. Wherever it is used, its output is computed again from
weights, values and W^O, and has to be what the module returns. If a gate or a norm stands between
the heads and the projection, no module passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .packages import require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .layer_call import Call

_MOST_CANDIDATES = 4
"""The most modules with this input that are tried for one layer."""

_EXACT, _HALF = 1e-4, 3e-2
"""Differences that count as none, relative to the largest number, in single and half precision."""

NO_VALUES = "the model hands out its attention weights alone, without values"
SOMETHING_BETWEEN = (
    "between the heads and the output projection the model computes something more, such as a gate "
    "or a norm, so that what one token adds is not known"
)
DIFFERS = (
    "the output of this layer is not the sum of its weighted values, so that what one token adds "
    "is not known"
)


class Candidates:
    """Collects, in one pass, the modules that take the joined outputs of heads.

    Between `start` and `stop`, every module of the process is watched.
    """

    def __init__(self) -> None:
        self._found: list[Any] = []
        self._joined: Any = None
        self._handle: Any = None

    def start(self) -> None:
        """Watch all modules."""
        hooks = require("torch").nn.modules.module
        self._handle = hooks.register_module_forward_hook(self._after)

    def stop(self) -> None:
        """Watch no longer."""
        self._handle.remove()
        self._joined = None

    def expect(self, joined: Any) -> list[Any]:
        """Expect modules whose input is this output of an eager function.

        Returns:
            A list that gets these modules, until the next layer.
        """
        self._found, self._joined = [], joined
        return self._found

    def _after(self, module: Any, given: Any, output: Any) -> None:
        joined = self._joined
        tensor: Any = given[0] if given else None
        if joined is None or len(self._found) >= _MOST_CANDIDATES or not hasattr(output, "numel"):
            return
        if not hasattr(tensor, "numel") or tensor.numel() != joined.numel():
            return
        torch = require("torch")
        flat = tensor.reshape(-1)
        if not torch.equal(flat.to(joined.dtype), joined.reshape(-1).to(flat.device)):
            return
        unchanged = output.numel() == flat.numel() and torch.equal(output.reshape(-1), flat)
        if not unchanged:  # A dropout, which does nothing here, is not the projection.
            self._found.append(module)


def norms_of(call: Call) -> Any:
    """The lengths ‖f(x)‖ of what each key adds through each head where its weight is 1.

    Under grouped-query attention, each query head has the values that it shares and its own rows
    of W^O.

    Returns:
        A tensor of the shape (batch, heads, keys), float32; or the reason why it is not known.
    """
    if call.values is None or call.joined is None:
        return NO_VALUES
    for module in call.candidates:
        made = _tried(module, call)
        if made is not None:
            return made
    return DIFFERS if call.candidates else SOMETHING_BETWEEN


def _tried(module: Any, call: Call) -> Any:
    """The lengths if a module is the layer's output projection, otherwise None."""
    torch = require("torch")
    lengths, total = [], None
    group = call.weights.shape[1] // call.values.shape[1]
    try:
        for head, rows in enumerate(_rows(module, call)):
            values = call.values[:, head // group].float() @ rows.to(call.values.device)
            lengths.append(values.norm(dim=-1))
            added = call.weights[:, head].float() @ values
            total = added if total is None else total + added
        # Rows of another size than the joined heads, or of no matrix at all, raise something.
        joined = call.joined.reshape(*call.joined.shape[:2], -1)
        output = _output(module, joined)
        total = total + _output(module, torch.zeros_like(joined[:1, :1]))
        difference = float((output.to(total.device) - total).abs().max())
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError):
        return None
    exact = call.values.dtype in {torch.float32, torch.float64}
    largest = max(float(output.abs().max()), 1e-6)
    fits = difference <= (_EXACT if exact else _HALF) * largest
    return torch.stack(lengths, dim=1) if fits else None


def _rows(module: Any, call: Call) -> Iterator[Any]:
    """The rows of W^O of each head, shape (width, size), float32."""
    torch = require("torch")
    heads, width = call.weights.shape[1], call.values.shape[-1]
    matrix = _matrix(module, heads * width)
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        if matrix is not None:
            yield matrix[own].float()
            continue
        # Packed weights, such as quantised ones, are read off the outputs for rows of 0 and 1.
        ones = call.values.new_zeros(1, width + 1, heads * width)
        ones[0, :width, own] = torch.eye(width, dtype=ones.dtype, device=ones.device)
        outputs = _output(module, ones)[0]
        yield outputs[:width] - outputs[width]


def _output(module: Any, given: Any) -> Any:
    with require("torch").inference_mode():
        return module(given).float()


def _matrix(module: Any, size: int) -> Any:
    """W^O with a row for each number of the joined heads; None if it has to be read off."""
    weight: Any = getattr(module, "weight", None)
    if getattr(weight, "ndim", 0) != 2 or weight.is_meta or not weight.is_floating_point():
        return None
    if type(module) is require("torch").nn.Linear and weight.shape[1] == size:
        return weight.T
    is_conv1d = type(module).__name__ == "Conv1D" and weight.shape[0] == size
    return weight if is_conv1d else None
