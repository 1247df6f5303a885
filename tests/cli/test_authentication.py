"""The command that proves whom the configuration believes, with a true mail and a forged one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Installation

WORDS = b"From: ann@acme.example\r\nTo: support@support.example\r\nSubject: a trial\r\nMessage-ID: <%b@acme.example>\r\n\r\nHello.\r\n"
RECEIVED = b"Received: from x by mx.support.example; Fri, 06 Nov 2026 10:00:00 +0000\r\n"
PASS = b"Authentication-Results: mx.support.example; dmarc=pass header.from=acme.example\r\n"
FAIL = PASS.replace(b"=pass", b"=fail")
HOPS = RECEIVED + b"Received: from y by x; Fri, 06 Nov 2026 09:59:59 +0000\r\n"


def trial(day: Installation, genuine: bytes, forged: bytes) -> tuple[str, str]:
    return day.write("genuine.eml", genuine + WORDS % b"true"), day.write("forged.eml", forged + WORDS % b"false")


@pytest.mark.parametrize("forged", [FAIL + RECEIVED + PASS, RECEIVED + PASS, FAIL + PASS], ids=["stamped fail", "not stamped", "no hop"])
def test_a_provider_that_stamps_above_all_is_told_from_a_forger(day: Installation, forged: bytes) -> None:
    said = day.json("check-auth", *trial(day, PASS + RECEIVED, forged))
    assert said["tells_apart"] is True
    assert said["now"]["genuine"] == "pass"
    assert "tells them apart" in day.run("check-auth", *trial(day, PASS + RECEIVED, forged)).stdout


def test_the_setting_that_would_is_told(day: Installation) -> None:
    files = trial(day, RECEIVED + PASS + HOPS, RECEIVED + FAIL + HOPS + PASS)
    said = day.json("check-auth", *files, status=1)
    assert said["now"] == {"authserv_id": "mx.support.example", "authserv_position": "top", "genuine": "none", "forged": "none"}
    assert [one["authserv_position"] for one in said["would"]] == ["border"]
    assert 'authserv_position = "border"' in day.run("check-auth", *files, status=1).stdout


def test_a_provider_that_lets_a_forgers_stamp_stand_is_not_to_be_believed(day: Installation) -> None:
    files = trial(day, RECEIVED + PASS + HOPS, RECEIVED + PASS + HOPS)
    assert day.json("check-auth", *files, status=1)["would"] == []
    assert "Delete authserv_id" in day.run("check-auth", *files, status=1).stdout


def test_a_file_that_is_not_there_is_named(day: Installation) -> None:
    assert "nowhere.eml: there is no such file" in day.run("check-auth", str(Path("nowhere.eml")), "x.eml", status=1).stderr


def test_files_that_were_swapped_or_are_one_mail_are_told_and_nothing_is_advised(day: Installation) -> None:
    genuine, forged = trial(day, PASS + RECEIVED, FAIL + RECEIVED)
    assert "swapped" in (said := day.run("check-auth", forged, genuine, status=1).stdout)
    assert "Delete authserv_id" not in said
    assert "the same mail" in day.run("check-auth", genuine, genuine, status=1).stderr
