"""What mail programs write below the new words goes, in every wording; what people write stays."""

from __future__ import annotations

import pytest

from daemon.parsers import ANSWER_MARKER, quoting


@pytest.mark.parametrize(
    "below",
    [
        "On Mon, 23 Nov 2026, 9:00 AM Support, <s@s.example> wrote:\n\n> x",
        '----- Reply message -----\nFrom: "A" <a@b.example>\nTo: x\nSubject: y\nDate: Mon\n\nold',
        (
            "-------- Original message --------\n"
            "From: A <a@b.example>\n"
            "Date: 23/11/2026 09:00 (GMT+01:00)\n"
            "To: b@c.example\n"
            "Subject: hi\n"
            "\n"
            "old"
        ),
        "-------- Ursprüngliche Nachricht --------\nVon: A\nDatum: 1",
        "-------- Message d'origine --------\nDe : A\n",
        "-------- Mensagem original --------\nDe : A\n",
        "-------- Messaggio originale --------\nDa : A\n",
        "-------- Oorspronkelijk bericht --------\nVan : A\n",
        "-------- Исходное сообщение --------\nОт: A\n",
        "-------- Wiadomość oryginalna --------\nOd : A\n",
        '------------------ 原始邮件 ------------------\n发件人: "A";\n发送时间: 2026年\n收件人: x\n主题: y\n\nold',
        '在 2026-11-23 09:00:00，"Support" <s@s.example> 写道：\n\nold text',
        "Support <s@s.example> wrote:\n> x",
        "Support wrote:\n> x\n> y",
        "Quoting Support <s@s.example>:\n\n> x",
        "Zitat von Support <s@s.example>:\n\n> x",
        "---- On Mon, 23 Nov 2026 09:00:00 +0100 Support<s@s.example> wrote ----\n\n > x\n",
        "---- Am Mo., 23 Nov 2026 09:00:00 +0100 Support<s@s.example> schrieb ----\n\nold",
        "Sent from ProtonMail mobile\n\n\\-------- Original Message --------\nOn 23 Nov 2026, 09:00, Support < s@s.example> wrote:\n\n>x",
        "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, November 23rd, 2026 at 9:00 AM, Support <s@s.example> wrote:\n\n> x",
        "Sent with Proton Mail secure email.\n\n------- Original Message -------\nOn Monday",
        'Gesendet: Montag, 23. November 2026 um 09:00 Uhr\nVon: "Support" <s@s.example>\nAn: x@y.example\nBetreff: Re: z\n\nold',
        "Datum: 23.11.2026\nVon: a\nBetreff: b\n\nold",
        '\n 23.11.2026, 09:00, "Support" <s@s.example>:\n\nold',
        "Понедельник, 23 ноября 2026, 9:00 +03:00 от Support <s@s.example>:\n\nold",
        "Dnia 23 listopada 2026 09:00 Support <s@s.example> napisał(a):\n\nold",
        "W dniu 23.11.2026 o 09:00, Support pisze:\n> old",
        "Dne 23.11.2026 v 9:00 Support napsal(a):\n> old",
        "2026. 11. 23. 9:00 keltezéssel, Support írta:\n> old",
        "On 2026-11-23 09:00, Support wrote:\nold",
        "El 23/11/26 a las 9:00, Support escribió:\n> old",
        "Le 23/11/2026 à 09:00, Support a écrit :\n> old",
        "Il 23/11/26 09:00, Support ha scritto:\n> old",
        "Em 23/11/2026 09:00, Support escreveu:\n> old",
        "Op 23-11-2026 om 09:00 schreef Support:\n> old",
        "Den 23-11-2026 kl. 09:00 skrev Support:\n> old",
        "23.11.2026 9.00, Support kirjoitti:\n> old",
        "23.11.2026 09:00, Support пишет:\n> old",
        "23.11.2026 09:00 tarihinde Support yazdı:\n> old",
        "On Nov 23, 2026, at 9:00 AM, Support <s@s.example> wrote:\n\n\n\nold",
        "> On Nov 23, 2026, at 9:00 AM, Support <s@s.example> wrote:\n> \n> old",
        "Mit freundlichen Grüßen / Best regards\nBob Miller",
        "Cheers,\nBob",
        "Best,\nBob",
        "Bob",
        "_______________\nFrom: x",
        "~~~\nBob",
        "Get Outlook for Android<https://aka.ms/ghei36>\n________________________________\nFrom: S",
        "Outlook for iOS を入手",
        "Отправлено с iPhone\n\n> 23 нояб. 2026 г., в 09:00, Support <s@s.example> написал(а):\n> \n> old",
        "Sendt fra min iPhone\n\n> Den 23. nov. 2026 kl. 09.00 skrev Support <s@s.example>:\n> \n> old",
        "Envoyé de mon iPhone\n\n> Le 23 nov. 2026 à 09:00, Support <s@s.example> a écrit :\n> \n> old",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Von meinem/meiner Galaxy gesendet\n\n\n-------- Ursprüngliche Nachricht --------\nVon: s",
        "Von: Support <s@s.example> \nDatum: Montag, 23. November 2026 um 09:00\nAn: x <x@y.example>\nBetreff: z\nold",
        "De: Support <s@s.example>\nDate: lundi 23 novembre 2026 à 09:00\nÀ: x\nObjet: z\nold",
        "Begin doorgestuurd bericht:\n\nVan: x",
        "Début du message réexpédié :\n\nDe: x",
        "--- mail_boundary ---\nOn Mon, 23 Nov 2026 09:00 Support wrote:\nx",
        'On 23-11-2026 09:00 AM, "Support"\n<s@s.example> wrote:\n\nx',
        "From: Support [mailto:s@s.example]\nSent: Monday\nTo: x\nCc: y\nSubject: RE: z\nImportance: High\n\nx",
        "\tFrom:\tSupport <s@s.example>\n\tTo:\tx\n\tDate:\t23/11/2026\n\tSubject:\tz\n",
    ],
)
def test_what_a_program_writes_below_goes(below: str) -> None:
    assert quoting.split(f"Ok\n\n{below}", None, ANSWER_MARKER, "Bob Miller")[0] == "Ok"


@pytest.mark.parametrize(
    "text",
    [
        "Ok - Bob",
        "Ok\n\nB.",
        "Ok\n\n/Bob",
        "Thanks,\ncan you send me the invoice",
        "Hi,\n\nThanks,\nplease close the case",
        "On 23 Nov 2026 I wrote to you:\nthe inverter is dead",
        "Error at 10:00 on 2026-11-23 for user ann@acme.example:\n\nstack trace",
        "Ann said:\n\nit is dead",
        "Ok\n\n[cid:image001.png@01D]\nold?",
    ],
)
def test_what_people_write_stays(text: str) -> None:
    assert quoting.split(text, None, ANSWER_MARKER, "Bob Miller")[0] == text
