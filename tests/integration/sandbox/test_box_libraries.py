"""What honest submissions import works behind the walls and the system call filter."""

import pytest

from grader.model.outcome import ExitReason
from grader.sandbox import Limits
from tests.integration.sandbox.boxes import needs_bubblewrap, read

pytestmark = [needs_bubblewrap(), pytest.mark.box, pytest.mark.slow]

LOADER = """
import os, torch
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(64.0).reshape(32, 2))
for method in ('fork', 'forkserver', 'spawn'):
    loader = DataLoader(data, batch_size=8, num_workers=2, multiprocessing_context=method)
    total = sum(batch[0].sum().item() for batch in loader)
    os.write(report, f'{method} {total}\\n'.encode())
"""

FIGURE = """
import os, io
import matplotlib.pyplot as plt
plt.plot([1, 2, 3]); plt.title('loss $\\\\alpha$')
image = io.BytesIO(); plt.savefig(image); plt.savefig('curve.pdf')
os.write(report, image.getvalue()[:4])
"""

EVERYDAY = """
import os, subprocess, tempfile, threading, getpass, pwd, ctypes, multiprocessing as mp
import concurrent.futures as futures, asyncio, sqlite3, shutil
assert getpass.getuser() == pwd.getpwuid(os.getuid()).pw_name == 'student'
assert os.path.expanduser('~') == '/scratch'
assert subprocess.run(['ls', '/submission'], check=True).returncode == 0
assert os.system('true') == 0
with tempfile.NamedTemporaryFile() as file: file.write(b'x')
with futures.ThreadPoolExecutor(4) as pool: assert list(pool.map(abs, [-1])) == [1]
with mp.Pool(2) as pool: assert pool.map(abs, [-1]) == [1]
value = mp.Value('i', 3); assert value.value == 3
block = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 4); assert block() == 4
assert asyncio.run(asyncio.sleep(0, 5)) == 5
sqlite3.connect('x.db').execute('create table t (a)')
os.write(report, b'fine')
"""


def finish(box):
    answer = read(box.evidence_fd)
    result = box.close()
    assert result.exit_reason is ExitReason.OK, result.output.decode()
    return answer


def test_data_loaders_with_workers(boxes):
    """Spawned workers import the main module again, so it has to be a file."""
    slot = boxes.slot()
    (slot.submission / "train.py").write_text(
        "import sys\nif __name__ == '__main__':\n    report = int(sys.argv[1])\n"
        + "".join(f"    {line}\n" for line in LOADER.strip().splitlines())
    )
    code = (
        "import os, sys\n"
        "os.set_inheritable(report, True)\n"
        "os.execv(sys.executable, [sys.executable, '/submission/train.py', str(report)])"
    )
    answer = finish(boxes.open(code, limits=Limits(), slot=slot))
    assert answer == b"fork 2016.0\nforkserver 2016.0\nspawn 2016.0\n"


def test_figures(boxes):
    assert finish(boxes.open(FIGURE, limits=Limits())).endswith(b"PNG")


def test_everyday_python(boxes):
    assert finish(boxes.open(EVERYDAY, limits=Limits())) == b"fine"
