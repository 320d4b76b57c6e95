"""However much is printed, little is kept, and the end of it is."""

import itertools

import pytest

from grader.inside.execution.budget import Budget, OutputLimit
from grader.inside.execution.output import (
    PIECE_LIMIT,
    TOTAL_REPORTED,
    Piece,
    Recorder,
    reported,
    tidy,
)


def test_short_output_is_kept_whole():
    piece = Piece()
    for word in ("a", "b\n", "ü"):
        piece.add(word)
    assert piece.text() == "ab\nü"


def test_long_output_keeps_its_beginning_and_end():
    piece = Piece()
    piece.add("BEGIN")
    for _ in range(30_000):
        piece.add("x" * 50)
    piece.add("END")
    text = piece.text()
    assert len(text) <= PIECE_LIMIT
    assert text.startswith("BEGIN")
    assert text.endswith("END")
    assert "1,480," in text
    assert piece._tail_size < 10 * PIECE_LIMIT


def test_just_over_half_is_kept_whole():
    piece = Piece()
    piece.add("x" * (PIECE_LIMIT // 2 + 5))
    assert piece.text() == "x" * (PIECE_LIMIT // 2 + 5)


def test_colours_and_overwritten_lines_are_dropped():
    assert tidy("\x1b[31mred\x1b[0m\n10%\r50%\r100%\nend\r\n") == "red\n100%\nend\n"


def test_lone_surrogates_do_not_break_the_report():
    piece = Piece()
    piece.add("a\ud800b")
    assert piece.text().encode("utf-8")


def test_all_cells_together_are_bounded():
    pieces = []
    for _ in range(2000):
        piece = Piece()
        piece.add("y" * PIECE_LIMIT)
        pieces.append(piece)
    assert sum(map(len, reported(pieces))) <= TOTAL_REPORTED


def test_endless_printing_ends_the_run_and_is_not_kept():
    budget = Budget(1, 1.0)
    budget.armed = True
    recorder = Recorder(budget)
    recorder.begin()
    write = itertools.repeat("x" * 1_000_000)
    with pytest.raises(OutputLimit):
        list(map(recorder.write, write))
    assert budget.stopping is OutputLimit
    assert len(recorder.piece.text()) <= PIECE_LIMIT


def test_only_text_can_be_written_and_bytes_beside_it():
    recorder = Recorder(Budget(1, 1.0))
    with pytest.raises(TypeError, match="must be str"):
        recorder.write(b"x")
    recorder.buffer.write("ü".encode())
    assert recorder.piece.text() == "ü"
