"""The generated vaults that are measured: a hub of N records, and copies of it.

Law: the same number of records gives the same bytes. A hub is made once, by git fast-import, and kept in the cache;
what a row changes it changes in copies.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench.race import GIT_SETTINGS
from tests.gitenv import AUTHOR, DATE, Git

FOLDER_RECORDS = 100  # on average; `fv new` shards by the id's last two characters in the same way

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_WORDS = ("Boulangerie", "Garage", "Pharmacie", "Hôtel", "Cabinet", "Épicerie", "Atelier", "Clinique", "Librairie")
_NAMES = ("Lefèvre", "Simon", "de la Gare", "Belle Rive", "Vasseur", "du Marché", "Moreau", "des Acacias", "Roux")

CONFIG = """\
format: 1
phone_country: FR
records:
  customer: {folder: customers, schema: schemas/customer.yaml}
"""
SCHEMA = """\
$schema: http://json-schema.org/draft-07/schema#
title: Customer
type: object
required: [id, name]
properties:
  id: {type: string, pattern: "^cus_[a-z0-9]{10}$", x-merge: immutable}
  name: {type: string}
  status: {enum: [prospect, active, dormant, closed]}
  tags: {type: array, items: {type: string}, uniqueItems: true}
  phones: {type: array, items: {type: object, required: [key], properties: {key: {type: string}}}}
  addresses: {type: array, items: {type: object, required: [key], properties: {key: {type: string}}}}
  credit_limit: {type: integer}
  first_contact: {type: string, format: date}
"""
RECORD = """\
id: {id}
name: {name}
owner: usr_shj6v57nbc
legal_form: SARL
siren: "{siren:09}"
naf: 10.71C
status: active
segment: retail
tags: [pain, matin]
credit_limit: 600
phones:
  - key: std
    number: "+332619{number:05}"
  - key: gsm
    number: "+336399{number:05}"
emails:
  - key: contact
    address: contact{number}@example.org
addresses:
  - key: main
    lines: [{number} rue des Lilas]
    postcode: "{postcode:05}"
    city: Reims
    country: FR
    access: Sonner à l'arrière du bâtiment     # le matin seulement
payment_terms: 30 jours
language: fr-FR
notes:
  - id: n1
    at: 2026-01-12T09:30:00+01:00
    text: Préfère être appelée avant onze heures.
price_list: prl_c8abx9gt6z
last_visit: 2026-02-20
first_contact: 2022-04-11
"""


def records(count: int) -> Iterator[tuple[str, str]]:
    """(path, text) of each record."""
    chance = random.Random(count)
    shards = max(1, count // FOLDER_RECORDS)
    for number in range(count):
        shard = number % shards
        tail = _ALPHABET[shard // 32 % 32] + _ALPHABET[shard % 32]
        key = "cus_" + "".join(chance.choices(_ALPHABET, k=8)) + tail
        name = f"{chance.choice(_WORDS)} {chance.choice(_NAMES)} {number}"
        text = RECORD.format(id=key, name=name, siren=number, number=number % 100_000, postcode=1000 + number % 90_000)
        yield f"customers/{tail}/c{number}~{key}.yaml", text


@dataclass(frozen=True)
class Stage:
    """Vaults of `count` records below `folder`."""

    folder: Path
    count: int

    @property
    def source(self) -> Path:
        """The hub as generated; nobody writes to it."""
        return self.folder / "source.git"

    def build(self) -> None:
        if (self.source / "complete").exists():
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        git = bare(self.source)
        files = {"fieldvault.yaml": CONFIG, "schemas/customer.yaml": SCHEMA, ".gitattributes": "*.yaml -text\n"}
        put(git, files | dict(records(self.count)), "Start the vault")
        (self.source / "complete").touch()

    def paths(self) -> list[str]:
        """The records, in an order that jumps between folders."""
        paths = [path for path, _ in records(self.count)]
        random.Random(1).shuffle(paths)
        return paths

    def fresh(self, name: str) -> Path:
        """A place for a vault or a hub; what stood there is gone."""
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def hub(self, name: str) -> Path:
        """A copy of the hub."""
        return Path(shutil.copytree(self.source, self.fresh(name)))


def bare(path: Path) -> Git:
    git = Git(path, **GIT_SETTINGS).init(bare=True)
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    return git


def put(git: Git, files: Mapping[str, str], message: str) -> None:
    """A commit with these files on the main of a bare repository."""
    stands = git.run("rev-parse", "-q", "--verify", "refs/heads/main").returncode == 0
    lines = [f"commit refs/heads/main\ncommitter {AUTHOR} {DATE}\n{_data(message)}"]
    lines += ["from refs/heads/main^0\n"] if stands else []
    lines += [f"M 100644 inline {path}\n{_data(text)}" for path, text in files.items()]
    git("fast-import", "--quiet", "--date-format=raw", stdin="".join(lines))


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
