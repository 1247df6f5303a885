"""The new words of a mail: the body without what it quotes and without its ending. Pure, total, linear.

One machine goes over the lines once. A line either cuts (it and everything below goes), is dropped (it is marked as quoted),
or stays. Each question asked of a line looks at a bounded number of signs and neighbours, so the whole is linear on any text.
What is trimmed is never lost: the message keeps its body, and the trims say which rule took how many lines.
"""

from __future__ import annotations

from collections.abc import Callable

from daemon.model import Trim
from daemon.parsers import attribution, disclaimer, quotedheaders, quoting_html, signature

_MAX_PASSES = 6
_CUTTING_UNDERSCORES = 10
_MARKER_EDGE = " \t*_>|\xa0#-=–—"
_RULE_SIGNS = "-_=*#~+ᐧ•—– \t"
_DECISIVE = frozenset(("marker", "attribution", "original-message", "forwarded", "header-block", "quote"))


def split(text: str, html: str | None, marker: str, sender_name: str) -> tuple[str, tuple[Trim, ...]]:
    """The new words of a mail and the rules that took lines off it, in the order they first spoke.

    `text` is the first text body (may be empty, then the HTML is used), `marker` the line of our own mails above which people
    answer, `sender_name` the author's display name. The words are lines of the input, or the beginning of one where an
    attribution shares its line. The HTML is also asked when the text shows no quotation and the HTML does, and where a line that
    could be a command may stand in what the HTML marks as a signature. Never raises.
    """
    words, trims = split_lines(text, marker, sender_name) if text.strip() else ("", ())
    if html is None:
        return words, trims
    unmarked = bool(words) and quoting_html.shows_quotation(html) and _DECISIVE.isdisjoint([trim.rule for trim in trims])
    commanding = any(line.lstrip()[:1] in signature.COMMAND_SIGNS for line in words.split("\n") if line.strip())
    if words and not unmarked and not (commanding and quoting_html.shows_signature(html)):
        return words, trims
    visible, html_trims = quoting_html.without_quotations(html)
    html_words, more_trims = split_lines(visible, marker, sender_name)
    if (html_words or commanding) and (html_trims or not words):  # a command that stands in nothing but a quotation is none
        return html_words, _added((*html_trims, *more_trims))
    return words, trims or _added((*html_trims, *more_trims))


def split_lines(text: str, marker: str, sender_name: str) -> tuple[str, tuple[Trim, ...]]:
    """The same for plain text alone. Passes are repeated until nothing more goes, so splitting twice changes nothing."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    core = marker.strip(_MARKER_EDGE)
    trims: list[Trim] = []
    for _ in range(_MAX_PASSES):
        machine = _Machine(text.split("\n"), core)
        machine.run(sender_name)
        text = "\n".join(machine.kept)
        if not machine.trims:
            break
        trims += [Trim(rule=rule, lines=count) for rule, count in machine.trims.items()]
    return text, _added(tuple(trims))


def _added(trims: tuple[Trim, ...]) -> tuple[Trim, ...]:
    counts: dict[str, int] = {}
    for trim in trims:
        counts[trim.rule] = counts.get(trim.rule, 0) + trim.lines
    return tuple([Trim(rule=rule, lines=lines) for rule, lines in counts.items()])


class _Machine:
    """One pass. `kept` are the lines that stay, `trims` counts the lines each rule took."""

    def __init__(self, lines: list[str], core: str) -> None:
        self.lines = lines
        self.core = core
        self.kept: list[str] = []
        self.trims: dict[str, int] = {}
        self.run_start = 0
        """The lines from here to the current one are the tail of `kept`."""

    def run(self, sender_name: str) -> None:
        """Sort the lines, then take the ending off what stays."""
        self.scan()
        self.strip_end()
        kept = self.kept
        signed = False
        while kept and (found := _ending(kept, sender_name, signed)) is not None:
            signed = found[1] == "name"
            self.take(found[1], len(kept) - found[0])
            del kept[found[0] :]
            self.strip_end()
        first = next((index for index, line in enumerate(kept) if line.strip()), len(kept))
        del kept[:first]

    def take(self, rule: str, count: int) -> None:
        self.trims[rule] = self.trims.get(rule, 0) + count

    def scan(self) -> None:
        lines, keep = self.lines, self.kept.append
        count = len(lines)
        index = 0
        while index < count:
            line = lines[index]
            text = line.strip()
            if not text:
                keep(line)
                index += 1
                continue
            sign = text[0]
            if sign == ">":
                if self.is_marker(text) and any(map(str.strip, self.kept)):
                    self.cut("marker", index)
                    return
                after = self.attributed(text, index) if self.closes_address(text, index) else None
                if after is None:
                    after = self.drop_quote(index)
                elif after == count:
                    return
                index = self.run_start = after
                continue
            examine = _BY_SIGN.get(sign)
            rule = examine(text) if examine is not None else None
            if (rule is None and text.find(":", 0, 34) > 0) or "：" in text:
                rule = self.headed(text, index) or rule
            if rule == "rule" and not self.rule_cuts(text, index):
                rule = None
            if rule is None and self.is_marker(text):
                rule = "marker"
            if rule is not None:
                self.cut(rule, index)
                return
            if (text[-1] in _LAST_SIGNS or "@" in text or sign == "2") and attribution.ends_like_one(text):
                after = self.attributed(text, index)
                if after is not None:
                    if after == count:
                        return
                    index = self.run_start = after
                    continue
            keep(line)
            index += 1

    def is_marker(self, text: str) -> bool:
        return bool(self.core) and self.core in text and text.strip(_MARKER_EDGE) == self.core

    def headed(self, text: str, index: int) -> str | None:
        if quotedheaders.field_kind(text) is None:
            return None
        begins = quotedheaders.is_block(self.lines, index) or quotedheaders.is_flat_block(self.lines, index)
        return "header-block" if begins else None

    def cut(self, rule: str, index: int) -> None:
        """Everything from `index` goes; so does a line that was drawn right above it."""
        self.take(rule, len(self.lines) - index)
        self.drop_drawn()

    def drop_drawn(self) -> None:
        """Lines drawn above a quotation belong to it."""
        while self.kept and (not self.kept[-1].strip() or quotedheaders.is_rule(self.kept[-1].strip())):
            self.kept.pop()

    def rule_cuts(self, text: str, index: int) -> bool:
        """Whether a drawn line cuts: ten underscores do, fewer above the footer of a mailing list."""
        if len(text) >= _CUTTING_UNDERSCORES:
            return True
        following = next((line for line in self.lines[index + 1 : index + 4] if line.strip()), "")
        return "mailing list" in following.lower()

    def drop_quote(self, index: int) -> int:
        """Drop a run of marked lines, with the odd line in it that lost its mark when a mail program wrapped it."""
        lines, start, count = self.lines, index, len(self.lines)
        while index < count:
            text = lines[index].lstrip()
            wrapped = index > start and index + 1 < count and lines[index + 1].lstrip()[:1] == ">" and _is_wrapped(lines[index - 1], text)
            if text[:1] != ">" and not wrapped:
                break
            index += 1
        self.take("quote", index - start)
        while index < count and not lines[index].strip():
            index += 1
        if self.kept and self.kept[-1].strip():  # what stands below is a paragraph of its own
            self.kept.append("")
        return index

    def closes_address(self, text: str, index: int) -> bool:
        """Whether this ">" is no mark but the end of an address that a mail program wrapped: "<ada@a.example" / ">:"."""
        if text[-1] != ":" or len(text) > 40 or index == self.run_start:
            return False
        above = self.lines[index - 1]
        return above.rfind("<") > above.rfind(">")

    def attributed(self, text: str, index: int) -> int | None:
        """If an attribution ends at this line: where to go on, the number of lines when all below it goes; else None."""
        lines = self.lines
        following = index + 1
        while following < len(lines) and following <= index + 3 and not lines[following].strip():
            following += 1
        marked = following < len(lines) and lines[following].lstrip()[:1] == ">"
        shared = attribution.inside(text) if marked else None
        start = index if shared is not None else attribution.begins_at(lines, index, self.run_start, marked)
        if start is None:
            return None
        commands = following == index + 1 and following < len(lines) and lines[following].lstrip()[:1] in signature.COMMAND_SIGNS
        if commands and not marked and attribution.is_vague(lines[start:following]):
            return None
        if shared is not None:
            self.kept.append(text[:shared].rstrip(" -\t"))
        if index > start:
            del self.kept[start - index :]
        if marked:
            self.take("attribution", index - start + 1)
            self.drop_drawn()
            return index + 1
        self.cut("attribution", start)
        return len(lines)

    def strip_end(self) -> None:
        """Blank lines and drawn lines at the end go."""
        kept = self.kept
        while kept:
            text = kept[-1].strip()
            if text and (text.strip(_RULE_SIGNS) or (len(text) < 2 and text != "ᐧ")):
                return
            if text:
                self.take("rule", 1)
            kept.pop()


def _ending(lines: list[str], sender_name: str, signed: bool) -> tuple[int, str] | None:
    """Where the ending of these lines begins, and the rule that says so."""
    notice = disclaimer.begins_at(lines)
    return (notice, "disclaimer") if notice is not None else signature.ending(lines, sender_name, signed)


def _is_wrapped(above: str, text: str) -> bool:
    """Whether an unmarked line is the tail of the marked one above it: something was left open there."""
    if not text.strip() or text[0] in signature.COMMAND_SIGNS:
        return False
    words = above.lstrip("> ")
    open_bracket = words.count("(") > words.count(")") or words.count("<") > words.count(">")
    return (open_bracket and " " not in text.strip()) or (words.count('"') % 2 == 1 and text.count('"') % 2 == 1)


def _by_dash(text: str) -> str | None:
    if signature.is_separator(text):
        return "signature"
    if quotedheaders.is_original_rule(text):
        return "original-message"
    return "forwarded" if quotedheaders.is_forward_start(text) else None


def _by_underscore(text: str) -> str | None:
    return "rule" if not text.strip("_") else _by_dash(text)


def _by_letter(text: str) -> str | None:
    if signature.is_phone(text):
        return "phone"
    return "forwarded" if quotedheaders.is_forward_start(text) else None


_BY_SIGN: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(signature.PHONE_SIGNS | quotedheaders.FORWARD_SIGNS, _by_letter),
    **dict.fromkeys("-=—–‐~*", _by_dash),
    "_": _by_underscore,
}
_LAST_SIGNS = frozenset(":：*_\u200b\u200e\u200f\u202a\u202c\u2069")
