"""The command that proves whom the configuration believes: check-auth."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daemon.cli.output import print_json, say, table
from daemon.cli.session import NOT_GOOD, looking_house

if TYPE_CHECKING:
    from daemon.model import Message
    from daemon.rules.standpoint import Standpoint
    from daemon.worker import House


def check_auth(
    genuine: Annotated[Path, typer.Argument(metavar="GENUINE", help="A mail that you sent to the mailbox, as it lies there (.eml).")],
    forged: Annotated[
        Path, typer.Argument(metavar="FORGED", help="One sent from elsewhere in your name, with your provider's stamp in it.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")] = False,
) -> None:
    """Prove that the trust section tells a true mail from a forged one, or say which setting would; exit 1 when it does not."""
    from daemon.rules.standpoint import standpoint, that_tell_apart

    with looking_house() as house:
        true, false = _read(house, genuine), _read(house, forged)
        policy = house.policy
        if genuine.read_bytes() == forged.read_bytes():
            say("Both files are the same mail; give one that you sent and one that another server sent in your name.", error=True)
            raise typer.Exit(NOT_GOOD)
    found = standpoint(true, false, policy)
    swapped = standpoint(false, true, policy).tells_apart
    better = list(that_tell_apart(true, false, policy))
    if as_json:
        print_json({"tells_apart": found.tells_apart, "now": _plain(found), "would": [_plain(one) for one in better]})
    else:
        _print(found, better, swapped=swapped, stamped=bool(true.authentication_results))
    if not found.tells_apart:
        raise typer.Exit(NOT_GOOD)


def _read(house: House, path: Path) -> Message:
    from daemon import worker
    from daemon.reader import ReadFailure

    if not path.is_file():
        say(f"{path}: {'that is no file' if path.exists() else 'there is no such file'}.", error=True)
        raise typer.Exit(NOT_GOOD)
    octets = path.read_bytes()
    result = worker.explain(house, octets, hashlib.sha256(octets).hexdigest(), house.now())
    if isinstance(result, ReadFailure):
        say(f"{path}: it can't be read.", error=True)
        raise typer.Exit(NOT_GOOD)
    return result[0].message


def _plain(one: Standpoint) -> dict[str, Any]:
    return {
        "authserv_id": one.authserv_id, "authserv_position": one.authserv_position, "genuine": one.genuine.value,
        "forged": one.forged.value,
    }  # fmt: skip


def _print(found: Standpoint, better: list[Standpoint], *, swapped: bool, stamped: bool) -> None:
    table(
        ["Mail", "D", "Because"],
        [["genuine", found.genuine.value, found.genuine_evidence], ["forged", found.forged.value, found.forged_evidence]],
    )
    say("")
    if found.tells_apart:
        say("The setting tells them apart.")
        return
    say("The setting does not tell them apart: the genuine mail must pass, the forged one must not.")
    if swapped:
        say("The other way round they are told apart: the genuine mail comes first. Are the two files swapped?")
        return
    if not stamped:
        say("Nobody stamped the genuine mail: take one as it lies in the mailbox, with its whole header.")
    for one in better:
        say(f'This would: [trust] authserv_id = "{one.authserv_id}", authserv_position = "{one.authserv_position}"')
    if not better:
        say("No setting would. Delete authserv_id: then only signed reply addresses prove a sender.")
