"""Which words of an HTML document its reader is never shown: CSS as far as mails hide words with it (CSS 2.2, CSS Color 4). Pure, linear.

What nobody saw, nobody wrote: a keyword in it is none. Style sheets count as well as style attributes. Where this can't tell, words
are seen. Not asked for: the order of importance of rules (the later one holds, an attribute is the last), and media other than a
screen of more than `_NARROW` pixels that is not dark.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterable, Iterator, Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

Declarations = Mapping[str, str]
Styles = dict[int, Declarations]
"""What is said of an element, by the place of the element in memory."""

SILENT = frozenset(
    {
        "script", "style", "head", "title", "template", "noscript", "svg", "object", "iframe", "textarea", "option", "datalist", "video",
        "audio", "canvas", "noembed", "noframes", "progress", "meter", "rp",
    }
)  # fmt: skip
"""Elements that show nothing, or nothing of the words in them."""
INVISIBLE = ",".join([*sorted(SILENT), "dialog:not([open])", "details:not([open])>:not(summary)", "[hidden]"])

_TELLING = frozenset(
    {
        "display", "visibility", "opacity", "filter", "color", "-webkit-text-fill-color", "background", "background-color", "font",
        "font-size", "height", "max-height", "min-height", "width", "max-width", "min-width",
        "overflow", "overflow-x", "overflow-y", "position", "left", "top",
        "right", "bottom", "margin", "margin-left", "margin-top", "text-indent", "transform", "clip", "clip-path", "mso-hide",
        "content-visibility",
    }
)  # fmt: skip
_STYLED = re.compile(r"style|<font|bgcolor|<body[^>]{0,200}text", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_ESCAPED = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\f]?|([^\n]))")
_STYLE_ATTRIBUTE = re.compile(r"""[\s"'/]style\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_HIDDEN_ATTRIBUTE = re.compile(r"""[\s"'/]hidden(?=[\s=/>])""", re.IGNORECASE)
_LENGTH = re.compile(r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))\s*(px|pt|pc|in|cm|mm|em|rem|ex|ch|vw|vh|%)?(?![\w.])", re.IGNORECASE)
_FONT_SIZE = re.compile(r"(?:^|\s)((?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:px|pt|pc|in|cm|mm|em|rem|ex|%)?)(?=\s*/|\s)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}")
_SELECTOR = re.compile(r"[\w.#*\s>+~\[\]=\"'^$|:()-]{1,120}\Z")
_PSEUDO = re.compile(r":+([\w-]+)")
_STATELESS = frozenset(
    {"first-child", "last-child", "only-child", "nth-child", "nth-of-type", "first-of-type", "last-of-type", "root", "not"}
)
_LOOKS = {"color": "color", "text": "color", "bgcolor": "background-color"}
"""Attributes that say the same as a declaration."""
_PICTURE = "url()"
"""What the attribute `background` says, whatever picture it names."""
_GROUPS = ("@media", "@supports", "@layer")
_MAX_WIDTH = re.compile(r"max-(?:device-)?width\s*:\s*(\d{1,6})")
_DARK = re.compile(r"(?<!not )\(\s*prefers-color-scheme\s*:\s*dark\b")
_NARROW = 1000
_SHEET_SIZE = 262_144
_MOST_RULES = 200
_MOST_SELECTED = 20_000
_PIXELS = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0}
_UNREADABLE = 3.0
"""Pixels: smaller signs nobody reads, and a smaller box with its overflow cut off shows nothing."""
_PAGE = 600.0
"""Pixels: what a share of the page is a share of."""
_FAR = 200.0
"""Pixels: what lies so far outside is not shown."""
_ALIKE = 32
"""Colours whose red, green and blue all differ by less (of 255) are one to the eye."""
_WHITE = (255, 255, 255)
_BLACK = (0, 0, 0)
_NAMED = {
    "white": _WHITE, "snow": (255, 250, 250), "ivory": (255, 255, 240), "ghostwhite": (248, 248, 255), "floralwhite": (255, 250, 240),
    "whitesmoke": (245, 245, 245), "azure": (240, 255, 255), "mintcream": (245, 255, 250), "honeydew": (240, 255, 240),
    "seashell": (255, 245, 238), "aliceblue": (240, 248, 255), "lavenderblush": (255, 240, 245), "oldlace": (253, 245, 230),
    "lavender": (230, 230, 250), "lightyellow": (255, 255, 224), "window": _WHITE, "canvas": _WHITE, "black": _BLACK,
    "windowtext": _BLACK, "canvastext": _BLACK, "gray": (128, 128, 128), "grey": (128, 128, 128), "silver": (192, 192, 192),
    "red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 128, 0), "navy": (0, 0, 128),
}  # fmt: skip

_Colour = tuple[int, int, int] | str | None
"""Red, green and blue; a name that stands for itself; "" for none at all; None where it can't be told."""
_State = tuple[bool, float, _Colour, _Colour]
"""What an element's own words are: shown, their size in pixels, their colour, the colour behind them."""
_PLAIN: _State = (True, 16.0, _BLACK, _WHITE)


def styles_of(tree: LexborHTMLParser, html: str) -> Styles:
    """What style sheets and attributes say of each element of the tree, as far as it tells whether words are seen."""
    styles: Styles = {}
    if _STYLED.search(html) is None:
        return styles
    sheets = "\n".join([node.text(deep=True) for node in tree.css("style")])
    selected = 0
    for count, (selector, said) in enumerate(_rules(_plain_css(sheets[:_SHEET_SIZE]))):
        nodes = _selected(tree, selector)
        selected += len(nodes)
        if count >= _MOST_RULES or selected > _MOST_SELECTED:
            break
        for node in nodes:
            _say(styles, node.mem_id, said)
    known: dict[str, Declarations] = {}
    for node in tree.css("[style],[bgcolor],[color],[background],body[text]"):
        attributes = node.attributes
        style = attributes.get("style") or ""
        if style not in known:
            known[style] = declarations(style)
        looks = {name: value.lower() for of, name in _LOOKS.items() if (value := attributes.get(of))}
        if attributes.get("background"):
            looks["background"] = _PICTURE
        if said := {**looks, **known[style]} if looks else known[style]:
            _say(styles, node.mem_id, said)
    return styles


def gone(tree: LexborHTMLParser, styles: Styles) -> list[LexborNode]:
    """The elements within the body that are not shown, whatever is said of what is in them, in the order of the document."""
    going = {id(said) for said in _different(styles) if is_gone(said)}
    hidden = {place for place, said in styles.items() if id(said) in going}
    if not hidden or tree.body is None:
        return []
    return [node for node in tree.body.traverse() if node.mem_id in hidden]


def unseen(tree: LexborHTMLParser, styles: Styles) -> list[LexborNode]:
    """The texts that stand there and can't be read: without a size, invisible, or of the colour of what is behind them."""
    if tree.body is None or not any(_may_hide(said) for said in _different(styles)):
        return []
    states: dict[int, _State] = {}
    return [
        node for node in tree.body.traverse(include_text=True)
        if node.is_text_node and node.parent is not None and not _is_seen(_state(node.parent, styles, states))
    ]  # fmt: skip


def _say(styles: Styles, place: int, said: Declarations) -> None:
    """Declarations of an element, the later ones over the earlier ones; elements of one style share theirs."""
    before = styles.get(place)
    styles[place] = said if before is None else {**before, **said}


def _different(styles: Styles) -> Iterable[Declarations]:
    return {id(said): said for said in styles.values()}.values()


def loose_texts(tree: LexborHTMLParser) -> list[LexborNode]:
    """The texts that stand directly in a <details> that is shut."""
    return [
        child for node in tree.css("details:not([open])") for child in node.iter(include_text=True) if child.is_text_node
    ]  # fmt: skip


def is_hidden_tag(source: str) -> bool:
    """Whether a tag's own attributes hide what is in it; for whoever walks over tags without a tree."""
    if _HIDDEN_ATTRIBUTE.search(source) is not None:
        return True
    found = _STYLE_ATTRIBUTE.search(source)
    if found is None:
        return False
    said = declarations(entities.unescape(next(value for value in found.groups() if value is not None)))
    return is_gone(said) or not _is_seen(_changed(_PLAIN, said))


def declarations(style: str) -> Declarations:
    """The declarations of a style attribute that tell whether words are seen, lower case, without their importance."""
    found: dict[str, str] = {}
    for declaration in _plain_css(style).split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip().lower()
        if colon and name in _TELLING:
            found[name] = value.partition("!")[0].strip().lower()
    return found


def is_gone(said: Declarations) -> bool:
    """Whether an element of these declarations shows nothing at all of itself.

    >>> is_gone({"display": "none"}), is_gone({"height": "0", "overflow": "hidden"}), is_gone({"height": "0"})
    (True, True, False)
    """
    if said.get("display", "").startswith(("none", "var(")) or said.get("mso-hide") == "all" or said.get("content-visibility") == "hidden":
        return True
    opacity = _LENGTH.match(said.get("opacity", "").removeprefix("calc(").lstrip())
    if opacity is not None and float(opacity[1]) / (100 if opacity[2] == "%" else 1) < 0.1:
        return True
    faded = re.search(r"opacity\(\s*([\d.]{1,9})", said.get("filter", ""))
    if faded is not None and faded[1].strip("0.") == "":
        return True
    cut = any(said.get(name, "visible") not in ("visible", "") for name in ("overflow", "overflow-x", "overflow-y"))
    if cut and (_is_flat(said, "height") or _is_flat(said, "width")):
        return True
    return _is_moved_away(said)


def _is_moved_away(said: Declarations) -> bool:
    sides = [said.get(name) for name in ("margin", "margin-left", "margin-top", "text-indent")]
    if said.get("position") in ("absolute", "fixed", "relative"):
        sides += [said.get(name) for name in ("left", "top", "right", "bottom")]
    if any(_is_less(value, -_FAR) for side in sides if side for value in side.split()):
        return True
    transform = said.get("transform", "")
    if re.search(r"scale[xy3d]{0,2}\(\s*0*\.?0*\s*[,)]|translate[xy3d]{0,2}\([^)]{0,40}-\d{3,}", transform) is not None:
        return True
    if re.fullmatch(r"rect\((?:\s*[01]?(?:\.0+)?(?:px|pt)?\s*,?){4}\)", said.get("clip", "")) is not None:
        return said.get("position") in ("absolute", "fixed")
    return re.match(r"inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0", said.get("clip-path", "")) is not None


def _is_flat(said: Declarations, side: str) -> bool:
    """Whether a box has nothing of a side to show; the least that is said of it holds against all else (CSS 2.2 section 10.4)."""
    if not any(_is_less(said.get(name), _UNREADABLE) for name in (side, f"max-{side}")):
        return False
    least = said.get(f"min-{side}", "")
    pixels = _pixels(least, _PAGE) if least else None
    return not least.endswith(("content", "available")) and (pixels is None or pixels < _UNREADABLE)


def _is_less(value: str | None, bound: float) -> bool:
    pixels = _pixels(value) if value else None
    return pixels is not None and pixels < bound


def _pixels(value: str, around: float | None = None) -> float | None:
    """A length in pixels; of `around` where it is relative, and then None without one unless it is nothing at all."""
    found = _LENGTH.match(value.removeprefix("calc(").lstrip())
    if found is None:
        return None
    number, unit = float(found[1]), (found[2] or "px").lower()
    if unit == "%" or (unit == "em" and around is not None):
        return 0.0 if number == 0 else None if around is None else number * around / (100 if unit == "%" else 1)
    return number * _PIXELS.get(unit, 16.0)


def _may_hide(said: Declarations) -> bool:
    """Whether an element of these declarations could hide its words by their look; asked before every text is looked at."""
    if "visibility" in said or not _is_seen(_changed(_PLAIN, said)):
        return True
    behind = _background(said)
    return behind is not None and behind != "" and not _is_alike(behind, _WHITE)


def _state(node: LexborNode, styles: Styles, states: dict[int, _State]) -> _State:
    """What the words of an element look like: what its ancestors say, the nearest last."""
    above: list[LexborNode] = []
    current: LexborNode | None = node
    state = _PLAIN
    while current is not None:
        known = states.get(current.mem_id)
        if known is not None:
            state = known
            break
        above.append(current)
        current = current.parent
    for element in reversed(above):
        said = styles.get(element.mem_id)
        state = _changed(state, said) if said is not None else state
        states[element.mem_id] = state
    return state


def _changed(state: _State, said: Declarations) -> _State:
    shown, size, colour, behind = state
    if "visibility" in said:
        shown = shown if said["visibility"] == "inherit" else said["visibility"] not in ("hidden", "collapse")
    short = _FONT_SIZE.search(said.get("font", ""))
    stated = said.get("font-size") or (short[1] if short is not None else "")
    if stated:
        pixels = _pixels(stated, size)
        size = pixels if pixels is not None else size if stated in ("inherit", "smaller", "larger") else 16.0
    for name in ("color", "-webkit-text-fill-color"):
        if name in said and said[name] not in ("inherit", "currentcolor", "unset", ""):
            colour = _colour(said[name])
    own = _background(said)
    return shown, size, colour, behind if own == "" else own


def _is_seen(state: _State) -> bool:
    shown, size, colour, behind = state
    return shown and size >= _UNREADABLE and colour != "" and not _is_alike(colour, behind)


def _is_alike(one: _Colour, other: _Colour) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(abs(a - b) < _ALIKE for a, b in zip(one, other, strict=True))
    return one is not None and one == other


def _background(said: Declarations) -> _Colour:
    """The colour that an element puts behind its words: "" for none, None for a picture."""
    result: _Colour = ""
    for name in ("background", "background-color"):
        value = said.get(name, "")
        if "url(" in value or "gradient(" in value or "var(" in value:
            return None
        for word in re.findall(r"[\w-]{1,30}\([^)]{0,60}\)|[^\s]{1,60}", value)[:10]:
            if word in ("none", "inherit", "initial", "unset", "repeat", "no-repeat", "scroll", "center", "top", "left", "0", "0%"):
                continue
            found = _colour(word)
            result = found if found != "" else result
    return result


def _colour(value: str) -> _Colour:
    value = value.strip()
    if value in ("transparent", "none"):
        return ""
    if value in _NAMED:
        return _NAMED[value]
    digits = value.removeprefix("#")
    if re.fullmatch(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", digits) is not None:
        pairs = [sign * 2 for sign in digits] if len(digits) < 6 else [digits[at : at + 2] for at in range(0, len(digits), 2)]
        channels = [int(pair, 16) for pair in pairs]
        return "" if len(channels) == 4 and channels[3] < 26 else (channels[0], channels[1], channels[2])
    if value.startswith(("rgb", "hsl")):
        return _computed(value)
    return value if value.isalpha() else None


def _computed(value: str) -> _Colour:
    """rgb() and hsl(): of the second only whether it is white or black."""
    numbers = [float(number) for number in _NUMBER.findall(value)][:4]
    if len(numbers) < 3:
        return None
    if len(numbers) == 4 and numbers[3] / (100 if value.rstrip(") ").endswith("%") else 1) < 0.1:
        return ""
    if value.startswith("hsl"):
        return _WHITE if numbers[2] >= 94 else _BLACK if numbers[2] <= 6 else None
    scale = 2.55 if "%" in value.partition("/")[0] else 1.0
    red, green, blue = (min(255, round(number * scale)) for number in numbers[:3])
    return red, green, blue


def _plain_css(text: str) -> str:
    """CSS without comments, its escapes read."""
    if "/*" in text or "<!--" in text:
        text = _COMMENT.sub(" " if "{" in text else "", text)
    return _ESCAPED.sub(_unescaped, text) if "\\" in text else text


def _unescaped(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2]
    number = int(found[1], 16)
    return chr(number) if 0 < number < 0xD800 else "?"


def _rules(sheet: str) -> Iterator[tuple[str, Declarations]]:
    """Each selector of a sheet with what it says, where that tells whether words are seen; those for other media are passed over."""
    position = 0
    while (brace := sheet.find("{", position)) >= 0:
        head = sheet[position:brace].rpartition("}")[2].rpartition(";")[2].strip()
        if head.startswith("@"):
            position = brace + 1 if _counts(head.lower()) else _block_end(sheet, brace)
            continue
        end = sheet.find("}", brace)
        end = len(sheet) if end < 0 else end
        said = declarations(sheet[brace + 1 : end])
        if said:
            for selector in head.split(","):
                yield selector.strip(), said
        position = end + 1


def _counts(head: str) -> bool:
    """Whether the rules in a group of rules hold on a wide and bright screen."""
    if not head.startswith(_GROUPS) or ("print" in head and "not print" not in head):
        return False
    if _DARK.search(head) is not None:
        return False
    return all(int(width) > _NARROW for width in _MAX_WIDTH.findall(head))


def _block_end(sheet: str, brace: int) -> int:
    depth = 0
    for found in re.compile(r"[{}]").finditer(sheet, brace):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.end()
    return len(sheet)


def _selected(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    """What a selector of few steps selects; nothing where it depends on what the reader does, or takes more than a look at each element."""
    if _SELECTOR.match(selector) is None or len(selector.split()) > 5 or not _STATELESS.issuperset(_PSEUDO.findall(selector)):
        return []
    try:
        return list(tree.css(selector))
    except (SelectolaxError, ValueError):  # no selector to the library
        return []
