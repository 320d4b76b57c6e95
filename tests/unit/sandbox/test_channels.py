import os

from grader.sandbox.channels import Channels


def test_closing_twice_closes_nobody_elses_descriptor():
    channels = Channels()
    numbers = [channels.job_write, channels.evidence_read, channels.output_read]
    channels.close()
    reused = [os.dup(0) for _ in range(6)]
    assert set(numbers) & set(reused)
    channels.close()
    for fd in reused:
        os.close(fd)
