"""HTML to the text a person would read. Pure, total, linear; the only door to selectolax.

Block elements become lines, white space is folded as a browser does, scripts, styles and hidden elements are dropped. HTML over
the limits, or one that the parser can't take, goes through a tag stripper that looks at each sign once.
"""

from __future__ import annotations

import html as entities
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from daemon.parsers import visibility

_BREAK, _EDGE, _GAP = "\x1e", "\x1d", "\x1f"
"""Stand for <br>, for the edge of a block (a new line begins) and for the edge of a paragraph (an empty line lies between)
while white space is folded; the mail's own ones are blanked before."""
_BLOCK_TAGS = (
    "div", "p", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "dt", "dd", "table", "blockquote", "pre", "hr", "section",
    "article", "header", "footer", "address", "center", "form", "fieldset", "figure", "main", "nav", "aside", "caption",
)  # fmt: skip
_BLOCKS = ",".join(_BLOCK_TAGS)
_LINES = "br,div,p,li,tr"
_SPACED = ("p", "h1", "h2", "h3", "h4", "ul", "ol", "table", "blockquote", "pre")
"""Blocks that a browser sets apart with space: an empty line in text."""
_WORDLESS = frozenset(["script", "style", "head", "title", "meter", "progress"])
"""What has text in it that is no words to anybody."""
_SPACE = str.maketrans("\t\r\n\f", "    ")
_NO_SIGNS = str.maketrans({_BREAK: " ", _EDGE: " ", _GAP: " ", "\0": None})
_MANY_SPACES = re.compile(" {2,}")
_SIGNS = re.compile(f"([{_BREAK}{_EDGE}{_GAP}])")

_OPENING = re.compile(r"<(/?)([A-Za-z][^ \t\r\n\f/>]*+)")
_ATTRIBUTE = re.compile(
    r"[ \t\r\n\f/]*+(?:(>)|([^ \t\r\n\f/>][^ \t\r\n\f/>=]*+)(?:[ \t\r\n\f]*+=[ \t\r\n\f]*+(?:([\"'])|([^ \t\r\n\f>]*+)))?)", re.DOTALL
)
_RAW_END = {
    tag: re.compile(rf"</{tag}(?![A-Za-z0-9])", re.IGNORECASE)
    for tag in ("script", "style", "title", "head", "textarea", "svg", "template")
}
_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"])
_CLOSED_BY_THE_NEXT = frozenset(["p", "li", "dt", "dd", "option", "tr", "td", "th", "tbody", "thead", "tfoot"])
_MAX_ATTRIBUTES = 500
_OPTION = re.compile(r"<option", re.IGNORECASE)
_MOST_OPTIONS = 2000
_SMALL = 32768
"""Up to this size no number of attributes costs the parser time that counts."""


def html_to_text(html: str, html_size: int = 1048576, html_depth: int = 200) -> str:
    """The text of an HTML document, lines ended as in Unix.

    HTML of more than `html_size` characters or nested deeper than `html_depth` is read by the tag stripper.
    """
    return shown_text(html, html_size, html_depth)[0]


def shown_text(html: str, html_size: int = 1048576, html_depth: int = 200) -> tuple[str, int]:
    """The same, and how many lines stand in the document that its reader is never shown; scripts and style sheets are no lines."""
    tree, hidden = _parsed(html, html_size, html_depth)
    return _stripped(html) if tree is None else (visible_text(tree), hidden)


def parsed(html: str, html_size: int = 1048576, html_depth: int = 200) -> LexborHTMLParser | None:
    """The document as a tree without its invisible elements, or None when it is over the limits or can't be parsed."""
    return _parsed(html, html_size, html_depth)[0]


def _parsed(html: str, html_size: int, html_depth: int) -> tuple[LexborHTMLParser | None, int]:
    if len(html) > html_size or not _is_tame(html, html_depth):
        return None, 0
    try:
        tree = LexborHTMLParser(html.translate(_NO_SIGNS))
        return tree, _drop_unseen(tree, html)
    except (ValueError, RuntimeError):  # UnicodeEncodeError of a lone surrogate is a ValueError
        return None, 0


def visible_text(tree: LexborHTMLParser) -> str:
    """The text of the tree. The tree is used up by it: line breaks are written into it."""
    body = tree.body
    if body is None:
        return ""
    for node in body.css("br"):
        node.replace_with(_BREAK)
    for node in body.css("pre"):
        _keep_lines(node)
    for node in body.css(_BLOCKS):
        edge = _GAP if node.tag in _SPACED else _EDGE
        node.insert_before(edge)
        node.insert_after(edge)
    for node in body.css("td,th"):
        node.insert_after(" ")
    return _folded(body.text(deep=True, separator=""))


def without(html: str, dropped: Mapping[str, str], cutting: Mapping[str, str]) -> tuple[str, dict[str, int]]:
    """The text of HTML without some elements, and how many lines each rule took.

    Both map a rule to a CSS selector: elements of `dropped` go, of `cutting` the first one goes with all that follows it.
    """
    tree = parsed(html)
    if tree is None:
        return stripped(html), {}
    taken: dict[str, int] = {}
    for rule, selector in cutting.items():
        node = tree.css_first(selector)
        if node is not None:
            taken[rule] = _cut(node)
    for rule, selector in dropped.items():
        lines = _drop(tree.css(selector))
        if lines:
            taken[rule] = lines
    text = visible_text(tree)
    return text if text.strip() or taken else _all_in_one_colour(html), taken


def _all_in_one_colour(html: str) -> str:
    """The words of a document in which none can be read, unless they hold the sign that begins a command; else nothing.

    A program with a dark screen may write white words and not say what is behind them: its user has seen them.
    """
    tree = LexborHTMLParser(html.translate(_NO_SIGNS))
    _drop_unseen(tree, html, colours=False)
    text = visible_text(tree)
    return "" if "#" in unicodedata.normalize("NFKC", text) else text


def _drop_unseen(tree: LexborHTMLParser, html: str, *, colours: bool = True) -> int:
    """Take out what is not shown; how many lines of words those were."""
    styles = visibility.styles_of(tree, html)  # style sheets are among what goes
    lines = _drop_texts(visibility.loose_texts(tree))
    invisible = tree.css(visibility.INVISIBLE)
    _drop([node for node in invisible if node.tag in _WORDLESS])
    lines += _drop([node for node in invisible if node.tag not in _WORDLESS], of_words=True)
    if styles:
        lines += _drop(visibility.gone(tree, styles), of_words=True)
        lines += _drop_texts(visibility.unseen(tree, styles) if colours else ())
    return lines


def _drop_texts(texts: Sequence[LexborNode]) -> int:
    lines = 0
    for text in texts:
        lines += _has_words(text)
        text.decompose()
    return lines


def _lines(node: LexborNode) -> int:
    """How many lines an element is, itself one of them."""
    return max(1, len(node.css(_LINES)))


def _has_words(node: LexborNode) -> bool:
    """Whether there is a letter or a digit in it: programs hide signs of no width to fill a line."""
    return any(sign.isalnum() for sign in node.text(deep=True))


def _drop(nodes: Sequence[LexborNode], *, of_words: bool = False) -> int:
    """Take elements out of the tree; the number of lines in them, `of_words` of those that have any.

    Inner ones first: the memory of an element goes with it.
    """
    lines = 0
    gone: set[int] = set()
    for node in reversed(nodes):
        if node.mem_id in gone or node.tag == "body":
            continue
        gone.add(node.mem_id)
        lines += _lines(node) if not of_words or _has_words(node) else 0
        node.decompose()
    return lines


def _cut(node: LexborNode) -> int:
    """Take out an element and everything that follows it in the document; the number of lines in it."""
    lines = 0
    current: LexborNode | None = node
    keep = False
    while current is not None and current.tag not in ("body", "html"):
        parent = current.parent
        following = current.next
        while following is not None:
            after = following.next
            lines += _lines(following) if following.is_element_node else 0
            following.decompose()
            following = after
        if not keep:
            lines += _lines(current)
            current.decompose()
            keep = True
        current = parent
    return lines


def stripped(html: str) -> str:
    """The text of HTML by a linear walk over its tags: for what is too large or too deep for a tree."""
    return _stripped(html)[0]


def _stripped(html: str) -> tuple[str, int]:
    """The same, and how many elements with words in them were passed over."""
    html = html.translate(_NO_SIGNS)
    out: list[str] = []
    position = 0
    passed = 0
    hidden, depth = "", 0  # the element whose words nobody sees, and how many of its name are open
    for start, end, tag, _ in _tags(html):
        if not hidden:
            out.append(entities.unescape(html[position:start]))
        position = end
        opens = html[start + 1] != "/"
        if hidden:
            if tag != hidden:
                continue
            depth += 1 if opens else -1
            if depth and not (opens and tag in _CLOSED_BY_THE_NEXT):
                continue
            hidden = ""
        if opens and tag and tag not in _VOID and (tag in visibility.SILENT or visibility.is_hidden_tag(html[start:end])):
            hidden, depth = tag, 1
            passed += tag not in _WORDLESS
        elif tag == "br":
            out.append(_BREAK)
        elif tag in _SPACED:
            out.append(_GAP)
        elif tag in _BLOCK_TAGS:
            out.append(_EDGE)
    if not hidden:
        out.append(entities.unescape(html[position:]))
    return _folded("".join(out)), passed


def _folded(text: str) -> str:
    """White space folded as a browser does, the signs for line ends made line ends."""
    lines: list[str] = []
    current = ""
    gap = False
    for piece in _SIGNS.split(_MANY_SPACES.sub(" ", text.translate(_SPACE))):
        if piece == _BREAK:
            lines.append(current)
            current = ""
        elif piece in (_EDGE, _GAP):
            if current:
                lines.append(current)
                current = ""
            gap = gap or piece == _GAP
        elif piece := piece.strip(" \xa0"):
            if gap and lines and lines[-1]:
                lines.append("")
            gap = False
            current = piece
    lines.append(current)
    return "\n".join(lines).strip("\n").replace("\0", "")


def _keep_lines(node: LexborNode) -> None:
    for text in list(node.traverse(include_text=True)):
        if text.is_text_node and (content := text.text_content) and "\n" in content:
            text.replace_with(content.replace("\r\n", "\n").replace("\n", _BREAK))


def _is_tame(html: str, html_depth: int) -> bool:
    """Whether the parser reads this HTML in linear time: no deep nesting, no tag of a thousand attributes, no list of thousands of options.

    The parser's cost grows with the square of each (a hundred thousand open elements take it fourteen seconds).
    """
    if len(html) <= _SMALL and html.count("<") <= html_depth:
        return True
    depth = 0
    if len(html) <= _SMALL:
        for slash, name in _OPENING.findall(html):
            depth = _deeper(depth, slash, name.lower())
            if depth > html_depth:
                return False
        return True
    if len(_OPTION.findall(html)) > _MOST_OPTIONS:
        return False
    for start, _, tag, attributes in _tags(html):
        depth = _deeper(depth, html[start + 1] == "/", tag)
        if depth > html_depth or attributes > _MAX_ATTRIBUTES:
            return False
    return True


def _deeper(depth: int, closing: str | bool, tag: str) -> int:
    if tag in _VOID or tag in _CLOSED_BY_THE_NEXT:
        return depth
    return max(0, depth - 1) if closing else depth + 1


def _tags(html: str) -> Iterator[tuple[int, int, str, int]]:
    """Every tag and comment: (begin, end, lower-case name or "", number of attributes). Elements without text count as one tag.

    Follows the tokenization of the HTML standard where it matters: quotes mean something only behind "=".
    """
    position = 0
    length = len(html)
    while True:
        start = html.find("<", position)
        if start < 0:
            return
        opening = _OPENING.match(html, start)
        if opening is None:
            following = html[start + 1 : start + 2]
            if following not in ("!", "?", "/"):
                position = start + 1
                continue
            closing = "-->" if html.startswith("!--", start + 1) else ">"
            end = html.find(closing, start + 2)
            position = length if end < 0 else end + len(closing)
            yield start, position, "", 0
            continue
        position, attributes = _tag_end(html, opening.end())
        tag = opening[2].lower()
        raw_end = _RAW_END.get(tag) if not opening[1] else None
        if raw_end is not None:
            found = raw_end.search(html, position)
            position = length if found is None else found.start()
        yield start, position, tag, attributes


def _tag_end(html: str, position: int) -> tuple[int, int]:
    """Where the tag ends whose name ends at `position`, and how many attributes it has."""
    attributes = 0
    while True:
        found = _ATTRIBUTE.match(html, position)
        if found is None:
            return len(html), attributes
        position = found.end()
        if found[1]:
            return position, attributes
        attributes += 1
        if found[3]:
            close = html.find(found[3], position)
            if close < 0:
                return len(html), attributes
            position = close + 1
