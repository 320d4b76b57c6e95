from grader.collect.plan import steps
from grader.model.evidence import ProbeRequest

SOURCE = ProbeRequest(probe="inspect_source")
RUN = ProbeRequest(probe="execute")
FORBID = ProbeRequest(probe="execute", params={"forbid": ["torch.nn"]})


def predict(source, role="mlp"):
    return ProbeRequest(probe="predict", params={"role": role, "source": source})


def test_each_request_has_its_own_fork():
    assert steps([SOURCE, predict("saved")]) == [[SOURCE], [predict("saved")]]


def test_live_requests_share_the_fork_of_the_execution():
    plan = [SOURCE, RUN, predict("live"), predict("live", "cnn"), FORBID]
    assert steps(plan) == [[SOURCE], [RUN, predict("live"), predict("live", "cnn")], [FORBID]]


def test_without_an_execution_a_live_request_stands_alone():
    assert steps([predict("live")]) == [[predict("live")]]
