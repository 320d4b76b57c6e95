"""Probes `read_documents` and `compare_pdf`: what a submission shows, read and never run."""

from __future__ import annotations

import json
import time
import types
import zipfile

import numpy as np
import pytest
import torch

from grader.inside.documents.tables import (
    csv_table,
    html_tables,
    number_of,
    printed_arrays,
    text_tables,
)
from grader.inside.probes.compare_pdf import compare_pdf
from grader.inside.probes.find_claims import find_claims
from grader.inside.probes.read_documents import read_documents
from grader.inside.protocol import JSON_LIMIT, encoded
from grader.inside.reply import Reply
from grader.inside.session import Session
from grader.model.documents import Documents, PdfMatch
from grader.model.measurements import Claims

PANDAS_HTML = """<table border="1" class="dataframe"><thead><tr style="text-align: right;">
<th></th><th>variant</th><th>val loss</th><th>val acc</th></tr></thead><tbody>
<tr><th>0</th><td>baseline</td><td>0.051</td><td>98.3%</td></tr>
<tr><th>1</th><td>adam</td><td>0.047</td><td>98.6%</td></tr></tbody></table>"""

MARKDOWN = """# Question 2
| variant | val loss |
| --- | ---: |
| one | 0.5 |
| two | 0,25 |
"""


@pytest.fixture
def session(tmp_path):
    job = {"submission": str(tmp_path), "scratch": str(tmp_path), "inputs": str(tmp_path)}
    return Session(job, types.ModuleType("__main__"))


def write(tmp_path, *cells, name="hw.ipynb"):
    (tmp_path / name).write_text(json.dumps({"cells": list(cells)}))


def code(source, *outputs):
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def markdown(source):
    return {"cell_type": "markdown", "source": source}


def documents(session):
    reply = Reply()
    read_documents(session, {}, reply)
    return Documents.model_validate_json(json.dumps(reply.payload)), reply.remarks


def pdf(*pages, pictures=False):
    """A PDF of lines of text, written by hand."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
    for i, lines in enumerate(pages):
        shown = [] if pictures else lines
        text = "\n".join(
            "({}) Tj T*".format(x.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)"))
            for x in shown
        )
        stream = f"BT /F1 9 Tf 12 TL 40 780 Td\n{text}\nET".encode()
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * i} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
    end += f"<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + end.encode()


class TestTables:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("0.5", 0.5),
            ("98.3%", pytest.approx(0.983)),
            ("0,25", 0.25),
            ("12,345", 12345.0),
            ("1e-3", 0.001),
            ("**7**", 7.0),
            ("nan", "nan"),
            ("-inf", "-inf"),
            ("0.91 ± 0.01", 0.91),
            ("97.2% +/- 0.3%", pytest.approx(0.972)),
            ("**0.98** (best)", 0.98),
            ("12.3 s", 12.3),
            ("1.2.3", "1.2.3"),
            ("3 layers", "3 layers"),
            ("(28, 28)", "(28, 28)"),
            ("adam", "adam"),
            ("", ""),
        ],
    )
    def test_cells_that_read_as_numbers(self, text, value):
        assert number_of(text) == value

    def test_pandas_html(self):
        (found,) = html_tables(PANDAS_HTML)
        assert found.columns == ("", "variant", "val loss", "val acc")
        assert found.rows[1] == (1.0, "adam", 0.047, pytest.approx(0.986))

    def test_markdown(self):
        (found,) = text_tables(MARKDOWN)
        assert found.columns == ("variant", "val loss")
        assert found.rows == (("one", 0.5), ("two", 0.25))
        assert found.line == 2

    def test_what_pandas_prints(self):
        (found,) = text_tables("   lr  accuracy\n0  0.01  0.870\n1  0.1   0.936\n")
        assert found.columns == ("", "lr", "accuracy")
        assert found.rows == ((0.0, 0.01, 0.87), (1.0, 0.1, 0.936))

    def test_arrays_as_numpy_and_torch_print_them(self):
        counts = np.arange(6).reshape(2, 3) * 100
        for printed in (counts, torch.tensor(counts), counts.tolist()):
            (found,), _ = printed_arrays(f"matrix\n\n{printed}\nafter it\n")
            assert found.columns == ()
            assert found.rows == ((0.0, 100.0, 200.0), (300.0, 400.0, 500.0))
            assert found.line == 3

    def test_rows_of_an_array_over_several_lines(self):
        (found,), _ = printed_arrays(str(np.arange(80).reshape(2, 40)))
        assert [len(row) for row in found.rows] == [40, 40]

    def test_what_stands_around_an_array_is_left(self):
        arrays, rest = printed_arrays("lr  acc\n0.1  0.9\n[[1 2]\n [3 4]]\n0.2  0.8\n")
        assert (len(arrays), rest.split()) == (1, ["lr", "acc", "0.1", "0.9", "0.2", "0.8"])

    def test_an_array_that_is_not_printed_whole_is_none(self):
        assert printed_arrays(str(np.zeros((200, 200))))[0] == []

    def test_boxes_of_lines(self):
        text = "┌────┬─────┐\n│ lr │ acc │\n├────┼─────┤\n│ 1  │ 0.9 │\n└────┴─────┘"
        (found,) = text_tables(text)
        assert found.columns == ("lr", "acc")
        assert found.rows == ((1.0, 0.9),)

    @pytest.mark.parametrize(
        "text", ["", "one line", "Epoch 1 loss 0.5\nEpoch 2 loss 0.4", "a  b\nc  d", "| |\n| |"]
    )
    def test_what_is_no_table(self, text):
        assert list(text_tables(text)) == []

    def test_csv(self):
        found = csv_table("fraction;random;transfer\n0.05;0.90;0.95\n0.1;0.92;0.96\n")
        assert found.columns == ("fraction", "random", "transfer")
        assert found.rows[0] == (0.05, 0.9, 0.95)
        assert csv_table("alone") is None


class TestReadDocuments:
    def test_an_output_whose_type_is_no_text_is_read(self, session, tmp_path):
        write(tmp_path, code("print(1)", {"output_type": [], "text": "Test accuracy 65.3%"}))
        found, _ = documents(session)
        assert [(t.kind, t.text) for t in found.texts] == [("output", "Test accuracy 65.3%")]

    def test_texts_have_their_place_and_heading(self, session, tmp_path):
        write(
            tmp_path,
            markdown("# X 1. Structure\nMy answer."),
            code("print(1)", {"output_type": "stream", "text": "Test accuracy 65.3%"}),
            markdown("no heading here"),
        )
        found, _ = documents(session)
        assert [(t.kind, t.place.cell, t.heading) for t in found.texts] == [
            ("markdown", 1, "X 1. Structure"),
            ("output", 2, "X 1. Structure"),
            ("markdown", 3, "X 1. Structure"),
        ]

    def test_tables_of_text_files_have_lines(self, session, tmp_path):
        (tmp_path / "log.txt").write_text("begin\n[[1 2]\n [3 4]]\n\nlr  acc\n0.1  0.9\n0.2  0.8\n")
        found, _ = documents(session)
        assert [str(table.place) for table in found.tables] == [
            "log.txt, line 5",
            "log.txt, line 2",
        ]

    def test_many_large_texts_and_tables_fit_into_a_frame(self, session, tmp_path):
        blocks = {"output_type": "stream", "text": "█" * 20_000}
        write(tmp_path, *[code(f"{n}", blocks) for n in range(80)])
        row = ",".join("0.12345678901234567" for _ in range(200)) + "\n"
        for n in range(6):
            (tmp_path / f"{n}.csv").write_text(
                ",".join(f"c{i}" for i in range(200)) + "\n" + row * 500
            )
        (tmp_path / "small.csv").write_text("seed,acc\n1,0.7\n2,0.8\n")
        reply = Reply()
        read_documents(session, {}, reply)
        assert len(encoded(reply.payload)) < JSON_LIMIT
        assert len(reply.payload["texts"]) > 50
        assert reply.payload["tables"][-1]["columns"] == ["seed", "acc"]

    def test_half_a_character_in_a_stored_output_reaches_the_records(self, session, tmp_path):
        write(tmp_path, code("print(1)", {"output_type": "stream", "text": "acc \ud83d 65%"}))
        reply = Reply()
        read_documents(session, {}, reply)
        found = Documents.model_validate_json(encoded(reply.payload))
        assert found.texts[0].text == "acc ? 65%"

    def test_arrays_take_no_room_from_tables(self, session, tmp_path):
        arrays = [
            code("x", {"output_type": "stream", "text": f"[[{n} 1]\n [2 3]]"}) for n in range(300)
        ]
        last = code("t", {"output_type": "stream", "text": "lr  acc\n0.1  0.9\n0.2  0.8\n"})
        write(tmp_path, *arrays, last)
        found, _ = documents(session)
        assert found.tables[0].columns == ("lr", "acc")
        assert [table.rows[0][0] for table in found.tables[1:]] == list(range(260, 300))

    def test_tables_of_every_kind_and_pictures(self, session, tmp_path):
        shown = {
            "output_type": "execute_result",
            "data": {"text/html": PANDAS_HTML, "text/plain": "  variant  val loss\n0  a  0.1"},
        }
        picture = {"output_type": "display_data", "data": {"image/png": "aGk="}}
        write(tmp_path, code("df", shown, picture), markdown(MARKDOWN))
        (tmp_path / "results.csv").write_text("seed,acc\n1,0.7\n2,0.8\n")
        found, _ = documents(session)
        columns = [table.columns for table in found.tables]
        assert ("", "variant", "val loss", "val acc") in columns
        assert ("variant", "val loss") in columns
        assert ("seed", "acc") in columns
        assert found.stored_images == 1

    def test_reports(self, session, tmp_path):
        (tmp_path / "report.pdf").write_bytes(pdf(["Final accuracy 77.70%"], ["second page"]))
        body = (
            '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            '<w:body><w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Results</w:t></w:r>'
            "</w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>lr</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>"
            "<w:t>acc</w:t></w:r></w:p></w:tc></w:tr><w:tr><w:tc><w:p><w:r><w:t>0.1</w:t></w:r>"
            "</w:p></w:tc><w:tc><w:p><w:r><w:t>0.9</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
            "</w:body></w:document>"
        )
        with zipfile.ZipFile(tmp_path / "more.docx", "w") as archive:
            archive.writestr("word/document.xml", body)
        (tmp_path / "page.html").write_text("<h1>Head</h1><script>no()</script><p>a &amp; b</p>")
        (tmp_path / "requirements.txt").write_text("torch")
        found, remarks = documents(session)
        texts = {t.place.file: t.text for t in found.texts}
        assert found.reports == ("more.docx", "page.html", "report.pdf")
        assert found.pages == 2
        assert "# Results" in texts["more.docx"]
        assert "a & b" in texts["page.html"]
        assert "no()" not in texts["page.html"]
        assert any(t.heading == "page 1" and "77.70%" in t.text for t in found.texts)
        assert ("lr", "acc") in [table.columns for table in found.tables]
        assert "requirements.txt" not in texts
        assert remarks == []

    def test_an_opendocument_report(self, session, tmp_path):
        spaces = " ".join(
            f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
            for name in ("office", "text", "table")
        )
        rows = "".join(
            "<table:table-row>"
            + "".join(f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in cells)
            + "</table:table-row>"
            for cells in (("lr", "acc"), ("0.1", "0.9"))
        )
        body = (
            f"<office:document-content {spaces}><office:body><office:text>"
            "<text:h>Results</text:h><text:p>The <text:span>test</text:span> accuracy<text:s/>is"
            "<text:tab/>0.5 .</text:p><text:list><text:list-item><text:p>an item</text:p>"
            f"</text:list-item></text:list><table:table>{rows}</table:table>"
            "</office:text></office:body></office:document-content>"
        )
        with zipfile.ZipFile(tmp_path / "report.odt", "w") as archive:
            archive.writestr("content.xml", body)
        (tmp_path / "bad.odt").write_bytes(b"PK nothing")
        found, remarks = documents(session)
        assert found.reports == ("report.odt",)
        assert found.texts[0].text.split("\n")[:3] == [
            "# Results",
            "The test accuracy is 0.5 .",
            "an item",
        ]
        assert ("lr", "acc") in [table.columns for table in found.tables]
        assert [r["code"] for r in remarks] == ["document.unreadable"]
        claim = r"test accuracy is (?P<value>[\d.]+)"
        assert claims_of(session, claim, "*.odt") == [(0.5, "report.odt", None)]

    def test_what_cannot_be_read_is_a_remark(self, session, tmp_path):
        (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 nothing follows")
        (tmp_path / "broken.docx").write_bytes(b"PK nothing")
        found, remarks = documents(session)
        assert found.texts == ()
        assert [r["code"] for r in remarks] == ["document.unreadable"] * 2

    def test_claims_in_reports(self, session, tmp_path):
        (tmp_path / "report.pdf").write_bytes(pdf(["Final accuracy: 77.70%"]))
        reply = Reply()
        params = {"name": "x", "patterns": [r"accuracy: (?P<value>[\d.]+)%"], "files": ["*.pdf"]}
        find_claims(session, params, reply)
        assert [c["value"] for c in reply.payload["claims"]] == [77.7]
        assert claims_of(session, r"accuracy: (?P<value>[\d.]+)%") == [(77.7, "report.pdf", 1)]

    def test_scripts_are_taken_out_in_one_pass(self, session, tmp_path):
        page = "<STYLE>p</style>a<script>no()</script>b" + "<script>" * 200_000
        (tmp_path / "page.html").write_text(page)
        begun = time.monotonic()
        found, _ = documents(session)
        assert found.texts[0].text.split() == ["a", "b"]
        assert time.monotonic() - begun < 10

    def test_a_sentence_of_a_report_goes_over_its_lines(self, session, tmp_path):
        lines = (
            ["The first model has a test accu-", "racy of 71,", "77 %, the second", "77.70 %."],
        )
        (tmp_path / "report.pdf").write_bytes(pdf(["Title"], *lines))
        first = r"first model[^\n\d]{0,40}accuracy of (?P<value>\d+(?:[.,]\d+)?)"
        assert claims_of(session, first) == [(71.77, "report.pdf", 2)]
        assert claims_of(session, r"second (?P<value>[\d.]+) %") == [(77.7, "report.pdf", 2)]

    def test_claims_in_a_word_file(self, session, tmp_path):
        space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        said = "<w:p><w:r><w:t>Final a\ufb03nity: 0,5</w:t></w:r></w:p>"
        with zipfile.ZipFile(tmp_path / "report.docx", "w") as archive:
            body = f"<w:document {space}><w:body>{said}</w:body></w:document>"
            archive.writestr("word/document.xml", body)
        (tmp_path / "bad.docx").write_bytes(b"PK nothing")
        found = claims_of(session, r"affinity: (?P<value>[\d,]+)")
        assert found == [(0.5, "report.docx", None)]


def claims_of(session, pattern, *files):
    reply = Reply()
    globs = files or ("*.pdf", "*.docx")
    params = {"name": "x", "patterns": [pattern], "files": list(globs)}
    find_claims(session, params, reply)
    found = Claims.model_validate_json(json.dumps(reply.payload)).claims
    return [(c.value, c.place.file, c.page) for c in found]


LINES = (
    "import torch",
    "def sigmoid(x):",
    "    return 1 / (1 + torch.exp(-x))",
    "accuracy = (predicted == labels).float().mean().item()",
)


class TestComparePdf:
    def compared(self, session, pattern="HW1_*.pdf"):
        reply = Reply()
        compare_pdf(session, {"pattern": pattern}, reply)
        return PdfMatch.model_validate_json(json.dumps(reply.payload))

    def notebook(self, tmp_path):
        write(
            tmp_path,
            markdown("# Softmax\nWe derive $s_i(1-s_i)$ by the quotient rule, term by term."),
            code("\n".join(LINES)),
            code("plt.plot(history)"),
            code("x"),
            name="HW1_1_2.ipynb",
        )

    SHOWN = ("Softmax", "We derive s i (1 - s i) by the quotient rule, term by", "term.", *LINES)

    def test_an_export_shows_every_cell(self, session, tmp_path):
        self.notebook(tmp_path)
        (tmp_path / "HW1_1_2.pdf").write_bytes(pdf(self.SHOWN, ["plt.plot(history)", "2"]))
        found = self.compared(session)
        assert (found.cells, found.found, found.pages) == (3, 3, 2)
        assert found.has_text
        assert found.missing == found.cut == ()
        assert found.notebook == "HW1_1_2.ipynb"

    def test_missing_and_cut_cells_are_named(self, session, tmp_path):
        self.notebook(tmp_path)
        (tmp_path / "HW1_1_2.pdf").write_bytes(pdf(self.SHOWN[:-1]))
        found = self.compared(session)
        assert [place.cell for place in found.cut] == [2]
        assert [place.cell for place in found.missing] == [3]
        assert found.found == 1

    def test_pages_that_are_pictures(self, session, tmp_path):
        self.notebook(tmp_path)
        (tmp_path / "HW1_1_2.pdf").write_bytes(pdf(self.SHOWN, pictures=True))
        assert not self.compared(session).has_text

    def test_no_pdf_and_a_broken_one(self, session, tmp_path):
        self.notebook(tmp_path)
        assert "no PDF fits" in self.compared(session).error
        (tmp_path / "HW1_1_2.pdf").write_bytes(b"nonsense")
        assert self.compared(session).error
        assert self.compared(session).pdf == "HW1_1_2.pdf"

    def test_no_notebook(self, session, tmp_path):
        (tmp_path / "HW1_1_2.pdf").write_bytes(pdf(["text"]))
        assert "no notebook" in self.compared(session).error
