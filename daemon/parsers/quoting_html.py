"""Quotations in HTML: the containers in which mail programs keep the mail that is answered, and their signatures.

A container is dropped, or it begins a quotation that reaches to the end of the document. The names are those that the
programs write themselves: Gmail, Outlook, Hotmail, Thunderbird, Apple, Yahoo, Proton, Zoho, Zimbra, Samsung and others.
"""

from __future__ import annotations

from daemon.model import Trim
from daemon.parsers import htmltext

_DROPPED = {
    "html-quote": (
        "blockquote,.gmail_quote,.gmail_quote_container,.gmail_attr,.ecxgmail_quote,.moz-cite-prefix,.moz-forward-container,.yahoo_quoted,"
        ".yahoo-quoted-begin,.yqt,.protonmail_quote,.tutanota_quote,.zmail_extra,.zmail_extra_hr,.airmail_on,.front-blockquote,"
        ".freshdesk_quote,.mailru-blockquote,.wps_quotion,.quote_container,[name=messageReplySection],[name=quote],[id^=yahoo_quoted],"
        "[id^=yui_][class*=yahoo_quoted],#OLK_SRC_BODY_SECTION,#mail-editor-reference-message-container,#isReplyContent,#qt,#replySplit,"
        "[data-marker=__QUOTED_TEXT__],[data-skiff-mail=quoted],.skiff_quote,.gmx_quote,.iwm_quote,.hey_quote"
    ),
    "html-signature": (
        ".gmail_signature,[data-smartmail=gmail_signature],.gmail_signature_prefix,.moz-signature,#Signature,#signature,"
        "#ms-outlook-mobile-signature,#AppleMailSignature,[id^=AppleMailSignature],#lineBreakAtBeginningOfSignature,.protonmail_signature_block,"
        "[data-signatureblock=true],.yahoo-signature,.ymail_android_signature,#composer_signature,[data-marker=__SIG_POST__],.zmail_signature,"
        "#_rc_sig,[name=messageSignatureSection],.tutanota_signature"
    ),
}
_CUTTING = {
    "html-reply-header": (
        "#divRplyFwdMsg,#appendonsend,#stopSpelling,#reply-intro,#_origContent,#_originalContent,#LBreplyheader,#quoted_header,#isForwardContent,"
        "hr[data-marker=__DIVIDER__],hr#zwchr,hr[tabindex='-1'][style*='width:98%'],hr[id^=zwchr],#x_divRplyFwdMsg,.reply_header,"
        "#original-content,[name=x_original-content],.mail_quote_header,#tmjah_g_1299s"
    ),
}
_SIGNS = (
    "blockquote", "gmail_quote", "moz-cite", "moz-forward", "yahoo", "protonmail_quote", "tutanota_quote", "zmail_extra",
    "divrplyfwdmsg", "appendonsend",
    "stopspelling", "olk_src", "reference-message", "messagereplysection", 'name="quote"', "zwchr", "isreplycontent", "reply-intro",
    "airmail_on", "original", "front-blockquote", "gmail_attr", 'tabindex="-1"', "quote_container", "replysplit",
)  # fmt: skip


def shows_quotation(html: str) -> bool:
    """The cheap question: does the source name any container of quotations?"""
    lower = html.lower()
    return any(sign in lower for sign in _SIGNS)


def shows_signature(html: str) -> bool:
    """The cheap question: could the source name a container of a signature?"""
    return "sig" in html.lower()


def without_quotations(html: str) -> tuple[str, tuple[Trim, ...]]:
    """The text of the HTML without its containers of quotations and signatures, and the rules that took something."""
    text, taken = htmltext.without(html, _DROPPED, _CUTTING)
    return text, tuple([Trim(rule=rule, lines=lines) for rule, lines in taken.items()])
