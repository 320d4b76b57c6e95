"""What is done to real files: bytes flipped, cut, doubled and replaced, lines swapped."""

from hypothesis import strategies as st

__all__ = ["HOSTILE_TEXT", "JSON", "broken_bytes", "broken_lines", "said"]


def said(error):
    """A refusal has its reason."""
    assert str(error).strip()


HOSTILE_WORDS = (
    "<script>owned()</script>",
    "</script><script>owned()</script>",
    "</style><img src=x onerror=owned()>",
    '"><svg onload=owned()>',
    "' onmouseover='owned()",
    '" autofocus onfocus="owned()',
    "<iframe src=https://evil.example/></iframe>",
    "<iframe srcdoc='<script>owned()</script>'>",
    "javascript:owned()",
    "[x](javascript:owned())",
    "[x](https://evil.example/a)",
    "![x](https://evil.example/x.png)",
    "`<b onclick=owned()>`",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "</title></textarea></noscript></template>",
    "<plaintext>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example><input name=a>",
    "<math><mtext></p><style><img src=x onerror=owned()></style></math>",
    "{{ 7 * 7 }}",
    "{% include 'x' %}",
    "{# ",
    "${owned()}",
    "&lt;script&gt;",
    "&#x3c;script&#x3e;",
    "\x00",
    "\x1b[31m\x07",
    "\u202e\u2066",
    "\ufeff",
    "\u2028</script>",
    "x" * 400,
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "%3Cscript%3E",
    "\r\n\r\n",
)

HOSTILE_TEXT = st.one_of(
    st.sampled_from(HOSTILE_WORDS),
    st.lists(st.sampled_from(HOSTILE_WORDS), min_size=2, max_size=3).map("".join),
    st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=40),
    st.text(alphabet="<>\"'&/=`{}%#()[]!-:;\\ \n\tabosx0", min_size=1, max_size=60),
)

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    HOSTILE_TEXT,
    st.just(""),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)

PLACE = st.floats(0, 1, exclude_max=True)
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "end", "double", "insert", "number"]),
        PLACE,
        st.integers(1, 64),
        st.binary(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=8,
)
NUMBERS = (b"\x00" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x00" * 8, b"\xff" * 8)


def broken_bytes(whole):
    """A strategy: the bytes after some edits."""
    return EDITS.map(lambda edits: _edited(whole, edits))


def _edited(whole, edits):
    data = bytearray(whole)
    for kind, where, size, more in edits:
        at = int(where * len(data))
        if kind == "flip" and data:
            data[at] ^= size
        elif kind == "cut":
            del data[at : at + size]
        elif kind == "end":
            del data[at:]
        elif kind == "double":
            data[at:at] = data[at : at + size]
        elif kind == "insert":
            data[at:at] = more
        elif kind == "number":
            value = NUMBERS[size % len(NUMBERS)]
            data[at : at + len(value)] = value
    return bytes(data)


LINE_EDITS = st.lists(
    st.tuples(
        st.sampled_from(["drop", "double", "swap", "value", "key", "raw", "cut"]),
        PLACE,
        PLACE,
        st.one_of(
            st.sampled_from(
                [
                    "-1",
                    "0",
                    "1e400",
                    "nan",
                    "inf",
                    "-inf",
                    "true",
                    "[]",
                    "{}",
                    "''",
                    '"\\u0000"',
                    "1979-05-27",
                    "9999999999999999999999",
                    "[[[[]]]]",
                    "{a={b={c=1}}}",
                    "0x7fffffffffffffff",
                    "1_000",
                    "'''x'''",
                    "[1,'a']",
                    "12:30:00",
                ]
            ),
            st.text(max_size=20),
        ),
    ),
    min_size=1,
    max_size=6,
)


def broken_lines(whole):
    """A strategy: a text of `key = value` lines after some edits."""
    return LINE_EDITS.map(lambda edits: _edited_lines(whole, edits))


def _edited_lines(whole, edits):
    lines = whole.split("\n")
    for kind, where, other, text in edits:
        if not lines:
            break
        at, to = int(where * len(lines)), int(other * len(lines))
        if kind == "drop":
            del lines[at]
        elif kind == "double":
            lines.insert(to, lines[at])
        elif kind == "swap":
            lines[at], lines[to] = lines[to], lines[at]
        elif kind == "value" and "=" in lines[at]:
            lines[at] = f"{lines[at].partition('=')[0]}= {text}"
        elif kind == "key" and "=" in lines[at]:
            lines[at] = f"{text} ={lines[at].partition('=')[2]}"
        elif kind == "raw":
            lines.insert(at, text)
        elif kind == "cut":
            lines[at] = lines[at][: int(other * len(lines[at]))]
    return "\n".join(lines)
