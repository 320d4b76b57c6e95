"""Probe `predict`: class scores of a net on inputs that only the grader has labels for."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from ..binding.absent import misfit
from ..binding.nets import Net, make_net
from ..binding.roles import bind_module
from ..inputs.preprocessing import preprocess
from ..reply import StudentFault
from .nudged import Sample, nudged

if TYPE_CHECKING:
    from ..binding.bound import Bound
    from ..inputs.rows import Rows
    from ..reply import Reply
    from ..session import Session

__all__ = ["predict"]

TRIAL_ROWS = 64
ALONE = 4
"""Rows that are also asked for one by one."""
NOISES = 3
"""Of a net that answers differently each time, how much of that is no other row's doing."""
TOLERANCE = 1e-4
TIE = 1e-5
SUM_TOLERANCE = 1e-3


def predict(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Payload: Predictions; arrays `scores`: float32 [N, K], and those of `nudged`."""
    role = params["role"]
    bound = bind_module(session, role, params.get("source", "saved"))
    _refuse_misfit(bound)

    def fits(sample: torch.Tensor) -> bool:
        try:
            make_net(bound.module, role, sample)
        except Exception:
            return False
        return True

    rows = preprocess(session, params["dataset"], params.get("preprocess") or [], fits)
    inputs = rows.head
    net = make_net(bound.module, role, inputs)
    for code, message in net.notes:
        reply.remark(code, message, bound.place)
    sample = Sample(len(rows))
    scores = _all_scores(net, rows, sample)
    _refuse_not_finite(scores, bound)
    ordered = rows.in_order(scores)
    reply.array("scores", ordered.numpy())
    for name, values in ({} if sample.inputs is None else nudged(net, rows, sample.inputs)).items():
        reply.array(name, values.numpy())
    reply.payload = {
        "binding": bound.payload(),
        "preprocessing": rows.how[:500],
        "output_is": output_kind(scores),
        "classify": _classify(session, net, inputs, scores, bound),
        "rows_independent": _rows_independent(session, net, inputs, bound),
        "weights_matter": _weights_matter(net, inputs, scores),  # last: it may spoil the net
    }


def _refuse_misfit(bound: Bound) -> None:
    """Scores of partly fresh weights would say nothing."""
    if bound.fit is not None and (bound.fit.missing or bound.fit.mismatched):
        raise StudentFault(
            "weights_mismatch",
            f"'{bound.weights}' does not fit {bound.definition}: {misfit(bound.fit)}",
            place=bound.place,
            hint="Hand in the code of the net as it was when its weights were saved.",
        )


def _refuse_not_finite(scores: torch.Tensor, bound: Bound) -> None:
    bad = int((~torch.isfinite(scores)).any(dim=1).sum())
    if bad:
        raise StudentFault(
            "not_finite",
            f"the net gives NaN or infinite scores for {bad} of {len(scores)} inputs",
            place=bound.place,
            hint="Look for a diverged training, log(0), or a division by zero.",
        )


def _all_scores(net: Net, rows: Rows, sample: Sample) -> torch.Tensor:
    """Scores of every input, in the order of the rows, [N, K]."""
    scores = torch.cat([net.scores(batch) for batch in sample.passing(rows.batches())])
    if len(scores) != len(rows):
        message = f"the net gives {len(scores)} rows of scores for {len(rows)} inputs"
        raise StudentFault("wrong_output_shape", message)
    return scores.contiguous()


def output_kind(scores: torch.Tensor) -> str:
    """What the rows are, by what they sum to."""
    wide = scores.double()
    if bool((wide <= SUM_TOLERANCE).all()):
        sums = wide.exp().sum(dim=1)
        if bool(((sums - 1).abs() < SUM_TOLERANCE).all()):
            return "log_probabilities"
    sums = wide.sum(dim=1)
    if bool((wide >= 0).all()) and bool(((sums - 1).abs() < SUM_TOLERANCE).all()):
        return "probabilities"
    return "logits"


def _same(first: torch.Tensor, second: torch.Tensor, slack: float = 0.0) -> bool:
    return first.shape == second.shape and torch.allclose(
        first, second, rtol=TOLERANCE, atol=TOLERANCE + slack
    )


def _classify(
    session: Session, net: Net, inputs: torch.Tensor, scores: torch.Tensor, bound: Bound
) -> str:
    """Whether the student's own `classify` names the largest score of each row."""
    method = getattr(net.owner, "classify", None)
    if not callable(method):
        return "absent"
    rows = inputs
    shaped = rows if net.view is None else rows.reshape(len(rows), *net.view)
    try:
        with torch.no_grad():
            labels = torch.as_tensor(method(shaped)).reshape(-1)
    except Exception as error:
        message = f"classify fails: {type(error).__name__}: {str(error)[:300]}"
        session.remark("classify.failed", message, bound.place)
        return "differs"
    if len(labels) != len(rows):
        return "differs"
    own = scores[: len(rows)]
    chosen = own.gather(1, labels.long().clamp(0, own.shape[1] - 1).unsqueeze(1)).squeeze(1)
    in_range = (labels >= 0) & (labels < own.shape[1])
    agree = in_range & (own.max(dim=1).values - chosen <= TIE)
    return "agrees" if bool(agree.all()) else "differs"


def _rows_independent(session: Session, net: Net, inputs: torch.Tensor, bound: Bound) -> bool:
    """Whether a row's scores stay when it is alone, and when the others change places."""
    rows = inputs[:TRIAL_ROWS]
    try:
        first, again = net.scores(rows), net.scores(rows)
        backwards = net.scores(rows.flip(0)).flip(0)
        alone = torch.cat([net.scores(rows[i : i + 1]) for i in range(min(ALONE, len(rows)))])
    except Exception:
        return False
    noise = float((first - again).abs().max())
    if noise > TOLERANCE:
        message = (
            "The net gives other scores each time for the same inputs, in evaluation mode too:"
            " is dropout switched on in forward (F.dropout without training=self.training)?"
        )
        session.remark("predict.random", message, bound.place)
    return _same(backwards, first, NOISES * noise) and _same(
        alone, first[: len(alone)], NOISES * noise
    )


def _weights_matter(net: Net, inputs: torch.Tensor, scores: torch.Tensor) -> bool:
    """Whether other weights give other scores; scores from a table would not change."""
    try:
        other = copy.deepcopy(net)
    except Exception:
        other = net
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in torch.nn.Module.parameters(other.core):
            if tensor.is_floating_point():
                noise = torch.rand(tensor.shape, generator=generator).to(tensor.dtype)
                tensor.data = tensor.data + (tensor.abs().mean() + 0.1) * (noise - 0.5)
    try:
        changed = other.scores(inputs[:TRIAL_ROWS])
    except Exception:
        return True
    return not _same(changed, scores[:TRIAL_ROWS])
