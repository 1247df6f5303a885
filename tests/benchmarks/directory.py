"""A directory for the customers of the workload: companies, their people, the partners and queues that work for them."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.benchmarks.workload import COMPANIES, PARTNERS, person


def write_directory(folder: Path, customers: int) -> None:
    """CSV files for `supportd import`. Every second customer is a contact; each company has a system with a partner."""
    folder.mkdir()
    organizations: list[tuple[str, ...]] = [("name", "kind", "domains"), ("House", "house", "")]
    organizations += [(f"Partner {number}", "partner", f"partner{number}.example") for number in range(PARTNERS)]
    organizations += [(f"Company {number}", "customer", f"company{number:02d}.example") for number in range(COMPANIES)]
    contacts: list[tuple[str, ...]] = [("handle", "first_name", "last_name", "email", "organization", "roles")]
    contacts += [("lou", "Lou", "Lang", "lou@house.example", "House", "agent")]
    contacts += [
        (f"agent{number}", "Agent", str(number), f"agent@partner{number}.example", f"Partner {number}", "partner_agent")
        for number in range(PARTNERS)
    ]
    for number in range(0, customers, 2):
        name, address = person(number)
        first, _, last = name.partition(" ")
        contacts.append((f"person{number}", first, last, address, f"Company {number % COMPANIES}", "customer"))
    systems: list[tuple[str, ...]] = [("name", "entity", "partner")]
    systems += [(f"Plant {number}", f"Company {number}", f"Partner {number % PARTNERS}") for number in range(COMPANIES)]
    queues: list[tuple[str, ...]] = [("name", "members", "default", "triage")]
    queues += [("front", "lou", "yes", "no"), ("sorting", "lou", "no", "yes")]
    for name, rows in (("organizations", organizations), ("contacts", contacts), ("systems", systems), ("queues", queues)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
