"""Folders that code makes, and copies to and from a drive that is not here."""

import pytest


@pytest.mark.parametrize(
    "lines",
    [
        (
            "if not os.path.exists('models'): os.makedirs('models')\n"
            "import torch; torch.save(1, 'models/net.pt')"
        ),
        "os.makedirs('models/deep', exist_ok=True); open('models/deep/net.pt', 'w').write('x')",
        "open('models/net.pt', 'w').write('x')",
        (
            "import pathlib, shutil\n"
            "if pathlib.Path('models').exists(): shutil.rmtree('models')\n"
            "if not os.access('models', os.W_OK): os.mkdir('models')"
        ),
        (
            "import pandas as pd\nif not os.path.isdir('models'): os.mkdir('models')\n"
            "pd.DataFrame({'a': [1]}).to_csv('models/net.csv')"
        ),
        (
            "if not os.path.isdir('/content/models'): os.mkdir('/content/models')\n"
            "open('/content/models/net.pt', 'w').write('x')"
        ),
    ],
)
def test_a_folder_is_made_though_another_of_that_name_was_submitted(execute, lines):
    ran = execute(f"import os\n{lines}", files={"part1/models/best.pt": "x"})
    assert ran.errors == []


def test_a_folder_that_lies_below_the_submission_is_found_from_within_it(execute):
    ran = execute(
        files={
            "code/main.py": "import os\nprint(os.path.isdir('data/train'), os.listdir('data'))",
            "data/train/a.txt": "x",
        }
    )
    assert ran.output == "True ['train']\n"


@pytest.mark.parametrize(
    "lines",
    [
        "shutil.copy('m.pth', '/content/drive/MyDrive/m.pth')",
        "shutil.copy2('m.pth', '/content/drive/MyDrive/m.pth')",
        "shutil.copytree('run', '/content/drive/MyDrive')",
        "os.remove('m.pth'); shutil.copytree('run', '/content/drive/MyDrive')",
        "shutil.move('run', '/content/drive/MyDrive')",
        (
            "shutil.copy('m.pth', '/content/n.pth'); os.makedirs('/content/drive/MyDrive')\n"
            "os.rename(src='/content/n.pth', dst='/content/drive/MyDrive/m.pth')"
        ),
    ],
)
def test_copies_to_the_drive(execute, lines):
    ran = execute(
        f"import os, shutil\n{lines}\n"
        "there = '/content/drive/MyDrive/m.pth'\n"
        "print(os.access(there, os.R_OK), os.access('/no/n.pth', os.F_OK))\n"
        "os.chmod(there, 0o600); os.utime(there); print(open(there).read())",
        files={"m.pth": "x", "run/m.pth": "x"},
    )
    assert ran.output == "True False\nx\n", ran.errors
    assert (ran.scratch / "elsewhere/content/drive/MyDrive/m.pth").exists()


def test_copies_from_the_drive_keep_their_times(execute):
    ran = execute(
        "import shutil; shutil.copy2('/content/data.csv', 'b.csv'); print(open('b.csv').read())",
        files={"given/data.csv": "1,2"},
    )
    assert ran.output == "1,2\n", ran.errors
