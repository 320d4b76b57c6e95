"""The pages in a real browser: they render, our script works, and nobody else's runs."""

import re
import shutil
import subprocess

import pytest

from grader.model.outcome import Outcome
from grader.model.scorecard import ConfusionMatrix, Flag
from grader.report import Audience, write_reports
from tests.unit.report import klass
from tests.unit.report.pages_seen import Page
from tests.unit.report.test_report_pages import HOSTILE, hostile_card

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs a browser: apt-get install chromium"
)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')
PROBE = "<script>document.documentElement.dataset.foreign = 'ran'</script>"
PHONE, DESKTOP = (390, 844), (1280, 900)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    cards = (*klass.klass(), *(hostile_card(text, i) for i, text in enumerate(HOSTILE)))
    return write_reports(out, cards, klass.UNREADABLE, pixels=klass.pixels, audience=Audience.STAFF)


@pytest.fixture
def browse(tmp_path):
    def run(page, *options, size=DESKTOP):
        argv = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={size[0]},{size[1]}",
            *options,
            page.as_uri(),
        ]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    return run


def test_scripts_in_submissions_do_not_run_and_ours_does(report, browse):
    dom = browse(report.index, "--dump-dom")
    assert "alert(1)" in dom
    assert dom.count("<script>") == 1
    assert re.search(r'<div class="tools" data-filter="table1">', dom)
    assert '<button type="button">Points</button>' in dom


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_a_hostile_feedback_page_has_no_script_and_no_handler(report, browse, index):
    key = next(key for key in report.pages if key[1] == f"{HOSTILE[index][:200]}{index}")
    dom = browse(report.pages[key], "--dump-dom")
    assert "What to do next" in dom
    page = Page(dom)
    assert page.all("script") == []
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert dom.rstrip().endswith("</html>")


def test_the_policy_stops_a_script_that_got_into_a_page(report, browse, tmp_path):
    """The second wall: even if escaping failed, nothing would run."""
    for page in (report.index, next(iter(report.pages.values()))):
        text = page.read_text(encoding="utf-8").replace("<main", f"{PROBE}<main")
        broken = tmp_path / "broken.html"
        broken.write_text(text, encoding="utf-8")
        assert 'data-foreign="ran"' not in browse(broken, "--dump-dom")
        broken.write_text(POLICY.sub("", text), encoding="utf-8")
        assert 'data-foreign="ran"' in browse(broken, "--dump-dom")


def tried(page, browse, tmp_path, script, size=DESKTOP):
    """What a script of this test tells of a page once it has acted on it as a user would."""
    text = POLICY.sub("", page.read_text(encoding="utf-8"))
    copy = tmp_path / "tried.html"
    script = f"<script>const out = [];{script};document.title = out.join('|')</script>"
    copy.write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    dom = browse(copy, "--dump-dom", size=size)
    return re.search(r"<title>(.*?)</title>", dom).group(1).split("|")


TABLE = "document.getElementById('table1')"


def test_the_table_sorts_by_number_both_ways(report, browse, tmp_path):
    script = f"""
    const header = {TABLE}.tHead.rows[0].cells[1], press = header.querySelector('button');
    for (const turn of [1, 2]) {{
      press.click();
      out.push(header.getAttribute('aria-sort'));
      out.push([...{TABLE}.tBodies[0].rows].map((row) => row.cells[1].textContent).join(' '));
    }}
    """
    first, up, second, down = tried(report.index, browse, tmp_path, script)
    assert (first, second) == ("ascending", "descending")
    rising = [float(number) for number in up.split()]
    assert rising == sorted(rising)
    assert len(rising) == 15 + len(HOSTILE)
    falling = [float(number) for number in down.split()]
    assert falling == sorted(falling, reverse=True)


def test_the_filter_hides_rows_and_counts_the_rest(report, browse, tmp_path):
    script = f"""
    const box = document.getElementById('filter1');
    box.value = 'TEAM near_thr';
    box.dispatchEvent(new Event('input'));
    out.push([...{TABLE}.tBodies[0].rows].filter((row) => !row.hidden).length);
    out.push(document.querySelector('output').textContent);
    """
    shown, count = tried(report.index, browse, tmp_path, script)
    assert (shown, count) == ("4", f"4 of {15 + len(HOSTILE)}")


@pytest.mark.parametrize(
    ("width", "head"), [(1280, ["Points", "Open", "Status", "Flags"]), (390, ["Points"])]
)
def test_what_one_asks_first_is_seen_without_scrolling(browse, tmp_path, width, head):
    """Also where an assignment has many tasks; on a phone, the points."""
    found = klass.result(Outcome.PASS, 1, "It is there.")
    tasks = [
        klass.task(
            f"part{n // 9}.{n}", "A part", klass.criterion("a", "It is there", 1, "a.b", found)
        )
        for n in range(16)
    ]
    flags = tuple(Flag(code=code, message="Look.") for code in ("near_threshold", "late"))
    name = "314159265_271828182"
    card = klass.scorecard(name, "The Vanishing Gradients", tuple(tasks), flags=flags)
    paths = write_reports(
        tmp_path / "out", (card,), (), pixels=klass.pixels, audience=Audience.STAFF
    )
    script = f"""
    document.body.style.width = '{width}px';
    const edge = {TABLE}.parentElement.getBoundingClientRect().right;
    for (const cell of {TABLE}.tHead.rows[0].cells)
      if (cell.getBoundingClientRect().right <= edge + 1) out.push(cell.textContent);
    """
    seen = tried(paths.index, browse, tmp_path, script)
    assert seen[1 : len(head) + 1] == head


CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@pytest.mark.parametrize("width", [1000, 1280])
def test_a_confusion_matrix_of_ten_words_is_seen_whole(browse, tmp_path, width):
    counts = tuple(tuple(80 if a == b else 2 for b in range(10)) for a in range(10))
    picture = ConfusionMatrix(title="On the test set", labels=tuple(CLASSES), counts=counts)
    found = klass.result(Outcome.PASS, 1, "It learns.", exhibits=(picture,))
    task = klass.task("1", "A net", klass.criterion("net", "It learns", 1, "a.at_least", found))
    card = klass.scorecard("cifar", "", (task,))
    paths = write_reports(
        tmp_path / "out", (card,), (), pixels=klass.pixels, audience=Audience.STAFF
    )
    (page,) = paths.pages.values()
    script = """
    const box = document.querySelector('.matrix').parentElement;
    out.push(box.scrollWidth, box.clientWidth);
    """
    wide, seen = map(int, tried(page, browse, tmp_path, script, (width, 900)))
    assert wide <= seen


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_its_window(report, browse, tmp_path, width):
    """In frames: a window refuses to be as narrow as a phone."""
    pages = [report.index, *list(report.pages.values())[::2]]
    frames = []
    for number, page in enumerate(pages):
        text = POLICY.sub("", page.read_text(encoding="utf-8"))
        wide = "[document.documentElement.scrollWidth, innerWidth]"
        tell = f"<script>parent.postMessage([{number}, ...{wide}], '*')</script>"
        copy = tmp_path / f"{number}.html"
        copy.write_text(text.replace("</body>", f"{tell}</body>"), encoding="utf-8")
        frames.append(f'<iframe src="{number}.html" width="{width}" height="800" frameborder="0">')
    listen = "onmessage = (event) => { document.title += event.data.join(':') + ';' }"
    closed = "</iframe>".join([*frames, ""])
    whole = tmp_path / "frames.html"
    whole.write_text(f"<title></title><script>{listen}</script>{closed}", encoding="utf-8")
    dom = browse(whole, "--dump-dom")
    told = re.search(r"<title>(.*?)</title>", dom).group(1).strip(";").split(";")
    assert len(told) == len(pages)
    for one in told:
        number, wide, window = map(int, one.split(":"))
        assert wide <= window == width, pages[number].name


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_page_is_drawn_with_its_style(report, browse, tmp_path, size):
    from PIL import Image

    for page in (report.index, report.pages["digits-svhn", "team-04"]):
        shot = tmp_path / "shot.png"
        browse(page, f"--screenshot={shot}", size=size)
        with Image.open(shot) as picture:
            colours = picture.convert("RGB").getcolors(maxcolors=1 << 24)
        found = {colour: count for count, colour in colours}
        paper = (0xFA, 0xF9, 0xF6)
        assert found.get(paper, 0) > sum(found.values()) / 3
        assert any(count > 50 and max(colour) < 0x40 for colour, count in found.items())
