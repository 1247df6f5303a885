"""Words for people: a template and values become a subject, plain text and HTML of the same words. Pure but for reading files.

Only this room knows Jinja, Markdown and CSS. The language of templates is small: a value, `if`, `for`, nothing else.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markdown_it.token import Token

from daemon.errors import ConfigError, Problem
from daemon.mail.metering import DEFAULT_LIMITS, Meter, RenderLimits, TemplateFailure
from daemon.mail.plaintext import Document, blocks, write
from daemon.mail.templates import SIGNATURE, Template, nearest, read_templates
from daemon.mail.values import Link, Pieces, Slots, Value, as_block, escaped, fill_html, fill_text, is_slot, pieces
from daemon.model import FAQ
from daemon.parsers.marker import ANSWER_MARKER
from daemon.parsers.names import title_key

SKELETONS = 1000
"""Remembered at most; then they are made anew."""

_LONE_TAGS = re.compile(r"^[ \t]*((?:\{%[^%\n]*%\}|\{#[^#\n]*#\})+)[ \t]*\n", re.MULTILINE)
_LANGUAGE = "{{ a variable }}, if, for"
_LAYOUT_VARIABLES = ("content", "signature", "subject", "marker")
_NODES = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.For, nodes.Not, nodes.And, nodes.Or, nodes.Getattr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The words of one mail. `subject` is one line; `text` ends its lines with LF; `html` is a whole document."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Skeleton:
    subject: Pieces
    text: Document
    signature: Document
    html: Pieces


class _Environment(ImmutableSandboxedEnvironment):
    """A dot reads a key of a table, never an attribute of an object."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return self.undefined(obj=obj, name=attribute)


class Templates:
    """The templates of an installation. Frozen once loaded, but for what it remembers to be quick."""

    def __init__(self, found: Mapping[str, Template], layout: str, limits: RenderLimits = DEFAULT_LIMITS) -> None:
        """Raises ConfigError with every mistake."""
        self._limits = limits
        self._found = dict(found)
        self._by_title = {title_key(template.title): name for name, template in found.items() if template.title is not None}
        self._skeletons: dict[tuple[str, str], _Skeleton] = {}
        self._jinja = _Environment(undefined=StrictUndefined, cache_size=0)
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
        self._markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]  # a slot stays a slot
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
        problems: list[Problem] = []
        trees = {
            name: (
                self._tree(template.path, "subject", template.subject, template.variables, problems),
                self._tree(template.path, "text", template.body, template.variables, problems),
            )
            for name, template in found.items()
        }
        page = self._tree("_layout.html", "text", layout, _LAYOUT_VARIABLES, problems)
        if problems:
            raise ConfigError(tuple(problems))
        self._compiled = {
            name: (self._jinja.from_string(subject), self._jinja.from_string(text)) for name, (subject, text) in trees.items()
        }
        self._layout = self._jinja.from_string(page)

    @classmethod
    def load(cls, dirs: Sequence[Path], limits: RenderLimits = DEFAULT_LIMITS) -> Templates:
        """Read every template below the directories; one of a later directory takes the place of its namesake.

        Everything is tried out with its samples. Raises ConfigError with every mistake of every file.
        """
        found, layout, problems = read_templates(tuple(dirs))
        known = next((tried for these, page, bounds, tried in _tried if (these, page, bounds) == (found, layout, limits)), None)
        if known is not None and not problems:
            return known
        templates = None
        try:
            templates = cls(found, layout, limits)
        except ConfigError as error:
            problems += [problem for problem in error.problems if isinstance(problem, Problem)]
        if problems or templates is None:
            raise ConfigError(tuple(problems))
        for name in templates.names:
            try:
                templates.render(name, templates.sample_values(name))
            except TemplateFailure as failure:
                problems.append(Problem(file=found[name].path, key="sample", found=failure.detail, allowed="samples that render"))
        if problems:
            raise ConfigError(tuple(problems))
        _tried.append((found, layout, limits, templates))
        return templates

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that can be mailed, in order."""
        return tuple(sorted(name for name in self._found if name != SIGNATURE))

    def find(self, name: str) -> Template | None:
        """The template of this name or title; a title may be written as `daemon.parsers.names.title_key` allows."""
        if name == SIGNATURE:
            return None
        return self._found.get(name) or self._found.get(self._by_title.get(title_key(name), ""))

    @property
    def faqs(self) -> tuple[Template, ...]:
        """The FAQs, in the order of their names."""
        return tuple(one for _, one in sorted(self._found.items()) if one.title is not None and one.title.startswith(FAQ))

    def sample_values(self, name: str) -> dict[str, Value]:
        """Values to show a template with, from its front matter. Raises TemplateFailure when there is no such template."""
        return {**self._found[SIGNATURE].sample, **self._template(name).sample}

    def variables(self, name: str) -> tuple[str, ...]:
        """All that a mail needs values of. Raises TemplateFailure when there is no such template."""
        return tuple(dict.fromkeys((*self._template(name).variables, *self._found[SIGNATURE].variables)))

    def render(self, name: str, values: Mapping[str, object], *, answered: Callable[[str], str] | None = None) -> Rendered:
        """The words of a mail.

        `values` hold at least the `variables` of the template, as plain data (`daemon.mail.values.Value`); more is ignored.
        `answered` makes of the mail's subject that of an answer, which one-tap links send. Raises TemplateFailure.
        """
        template = self._template(name)
        slots = Slots()
        wanted = self.variables(name)
        try:
            marked = {variable: slots.mark(values[variable]) for variable in wanted}
        except KeyError as error:
            raise TemplateFailure(template.name, f"no value for {error}") from error
        except (TypeError, ValueError) as error:
            raise TemplateFailure(template.name, str(error)) from error
        key = (template.name, slots.shape)
        skeleton = self._skeletons.get(key)
        if skeleton is None:
            skeleton = self._skeleton(template, marked)
            if len(self._skeletons) >= SKELETONS:
                self._skeletons.clear()
            self._skeletons[key] = skeleton
        return _filled(template, skeleton, slots.values, answered, self._limits.output)

    def _template(self, name: str) -> Template:
        template = self.find(name)
        if template is None:
            raise TemplateFailure(name, "there is no such template")
        return template

    def _skeleton(self, template: Template, marked: Mapping[str, object]) -> _Skeleton:
        meter = Meter(template.name, self._limits)
        metered = {name: meter.metered(value) for name, value in marked.items()}
        try:
            subject, body = (meter.written(part.generate(metered)) for part in self._compiled[template.name])
            signature = meter.written(self._compiled[SIGNATURE][1].generate(metered))
        except TemplateError as error:
            raise TemplateFailure(template.name, str(error)) from error
        document, foot = self._tokens(body), self._tokens(signature)
        meter.look()
        page = self._layout.render(
            content=self._html(document),
            signature=self._html(foot),
            subject=escaped(" ".join(subject.split())),
            marker=ANSWER_MARKER if template.expects_reply else "",
        )
        meter.look()
        skeleton = _Skeleton(
            subject=pieces(" ".join(subject.split())),
            text=blocks(document, compact=template.compact),
            signature=blocks(foot),
            html=pieces(self._inliner.inline(page)),
        )
        meter.look()
        return skeleton

    def _tokens(self, markdown: str) -> list[Token]:
        """The tokens; a value that is a whole paragraph, or the last cell of a row, keeps its lines and its own direction of writing."""
        tokens = self._markdown.parse(markdown)
        _label_cells(tokens)
        _mark_taps(tokens)
        for number, (before, token) in enumerate(pairwise(tokens), 1):
            if token.type != "inline" or before.hidden:
                continue
            if before.type != "paragraph_open" and not (before.type == "td_open" and tokens[number + 2].type == "tr_close"):
                continue
            children = token.children or []
            if len(children) == 1 and (slot := as_block(children[0].content)) is not None:
                children[0].content = slot
                before.attrSet("dir", "auto")
        return tokens

    def _html(self, tokens: list[Token]) -> str:
        rendered: str = self._markdown.renderer.render(tokens, self._markdown.options, {})
        return rendered

    def _tree(self, path: str, key: str, source: str, variables: Sequence[str], problems: list[Problem]) -> nodes.Template:
        """A source, parsed; what is wrong with it in the language of templates is added to the problems."""
        try:
            tree = self._jinja.parse(_without_lone_tags(source))
        except TemplateSyntaxError as error:
            problems.append(Problem(file=path, key=f"{key}, line {error.lineno}", found=error.message or "a mistake", allowed=_LANGUAGE))
            return nodes.Template([])
        problems += [
            Problem(file=path, key=key, found=f"a variable {name!r}", allowed=", ".join(variables) or "none", hint=nearest(name, variables))
            for name in sorted(_free(tree, frozenset()) - set(variables))
        ]
        for node in tree.find_all(nodes.Node):
            if not isinstance(node, _NODES):
                found = type(node).__name__.lower()
                problems.append(Problem(file=path, key=f"{key}, line {node.lineno}", found=found, allowed=_LANGUAGE))
        return tree


_tried: deque[tuple[Mapping[str, Template], str, RenderLimits, Templates]] = deque(maxlen=4)
"""Installations that this process has tried out: where no template changed, a reload costs no more than reading the files."""


def _label_cells(tokens: list[Token]) -> None:
    """Write the name of its column on each cell of a table: a narrow screen shows the cells below each other."""
    names: list[str] = []
    column = 0
    for before, token in pairwise(tokens):
        match before.type:
            case "thead_open":
                names = []
            case "tr_open":
                column = 0
            case "th_open":
                names.append(token.content)
            case "td_open":
                before.attrSet("data-label", names[column])
                column += 1


def _mark_taps(tokens: list[Token]) -> None:
    """Name the one-tap links (`tap`) and lists of them (`steps`) for the style sheet, which makes them as large as a thumb.

    Links at the end of a paragraph have lines of their own in HTML; a colon right behind a link is for the text part alone.
    """
    lists: list[Token] = []
    for number, token in enumerate(tokens):
        if token.type.endswith("_list_open"):
            lists.append(token)
        elif token.type.endswith("_list_close"):
            lists.pop()
        elif token.type == "inline" and token.children:
            inlines = token.children
            taps = [at for at, one in enumerate(inlines) if one.type == "link_open" and is_slot(str(one.attrGet("href")))]
            for at in taps:
                inlines[at].attrSet("class", "tap")
            if taps and lists:
                lists[-1].attrSet("class", "steps")
                token.children = _without_colon(inlines)
            elif taps and taps[0] > 0 and tokens[number - 1].type == "paragraph_open" and _are_taps(inlines[taps[0] :]):
                inlines.insert(taps[0], Token("html_inline", "", 0, content="<br>\n"))


def _are_taps(inlines: Sequence[Token]) -> bool:
    """Whether there is nothing but links whose label is a value."""
    return all(one.type in ("link_open", "link_close") or is_slot(one.content.strip()) or not one.content.strip() for one in inlines)


def _without_colon(inlines: Sequence[Token]) -> list[Token]:
    """The same, where a colon right behind a link is hidden in HTML."""
    made: list[Token] = []
    behind = False
    for one in inlines:
        if behind and one.type == "text" and one.content.startswith(":"):
            made.append(Token("text_only", "", 0, content=":", hidden=True))
            one.content = one.content[1:]
        made.append(one)
        behind = one.type == "link_close" or (behind and (one.type == "strong_close" or not one.content))
    return made


def _without_lone_tags(source: str) -> str:
    """A line of nothing but tags leaves no line behind; a tag at the end of a line of words doesn't join it to the next.

    The line breaks move into remarks, so that mistakes keep their line numbers.
    """
    return _LONE_TAGS.sub(r"\1{#\n#}", source)


def _free(node: nodes.Node, bound: frozenset[str]) -> set[str]:
    """Every name that is read where no loop binds it: the engine's own names too, such as `self` and `loop`."""
    if isinstance(node, nodes.Name):
        return set() if node.ctx == "store" or node.name in bound else {node.name}
    if isinstance(node, nodes.For):
        inner = bound | {name.name for name in (node.target, *node.target.find_all(nodes.Name)) if isinstance(name, nodes.Name)}
        return _free(node.iter, bound).union(*(_free(child, inner) for child in node.iter_child_nodes(exclude=("iter",))))
    return set().union(*(_free(child, bound) for child in node.iter_child_nodes()))


def _filled(
    template: Template, skeleton: _Skeleton, values: Sequence[str | Link], answered: Callable[[str], str] | None, most: int
) -> Rendered:  # fmt: skip
    marker = f"{ANSWER_MARKER}\n\n" if template.expects_reply else ""
    text = f"{marker}{write(skeleton.text, values)}\n-- \n{write(skeleton.signature, values)}"
    if len(text) > most or len(text.encode("utf-8")) > most:
        raise TemplateFailure(template.name, f"template_output: more than {most} octets")
    subject = fill_text(skeleton.subject, values)
    return Rendered(subject=subject, text=text, html=fill_html(skeleton.html, values, answered(subject) if answered is not None else ""))
