"""The sample vault keeps its promises: what it says about itself is true, and nobody's real number stands in it.

Law: records are read here as their bare text (BaseLoader), apart from fieldvault's own reader, so that a mistake of the
one cannot hide in the other; what the schemas mean is asked of fieldvault, which then has to read the same values.
"""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from fieldvault.core.names import is_record, judge_path, twins
from fieldvault.core.policy import STATED
from fieldvault.core.schema import FieldRule
from fieldvault.core.values import Value, same
from fieldvault.edge import schemas, yamltext

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample-repo"
FILES = sorted(path for path in SAMPLE.rglob("*") if path.is_file())
PATHS = [path.relative_to(SAMPLE).as_posix() for path in FILES]

BOM = b"\xef\xbb\xbf"
CENT = Decimal("0.01")
FICTION = re.compile(  # the ranges that the French regulator keeps for films and examples
    r"\+33(63998\d{4}|19900\d{4}|26191\d{4}|35301\d{4}|46571\d{4}|53649\d{4})$"
)
STRATEGIES = {
    "register", "granular", "atomic", "group", "keyed", "set", "sequence", "text", "log", "max", "min", "ladder",
    "terminal", "sum", "once", "or", "strictest", "immutable", "hold", "derived",
}  # fmt: skip


def load(path: Path) -> Any:
    return yaml.load(path.read_bytes(), yaml.CBaseLoader)


CONFIG = load(SAMPLE / "fieldvault.yaml")
SCHEMA_PATHS = {name: kind["schema"] for name, kind in CONFIG["records"].items()}
SCHEMA_TEXTS = {name: yamltext.read((SAMPLE / path).read_bytes()) for name, path in SCHEMA_PATHS.items()}
SCHEMAS = {name: schemas.load(text, SCHEMA_PATHS[name], "FR") for name, text in SCHEMA_TEXTS.items()}


@dataclass(frozen=True)
class Record:
    path: str
    kind: str
    data: bytes
    value: Any

    @property
    def rule(self) -> FieldRule:
        return SCHEMAS[self.kind].root


def records() -> list[Record]:
    folders = {kind["folder"]: name for name, kind in CONFIG["records"].items()}
    return [
        Record(path, folders[path.split("/")[0]], (SAMPLE / path).read_bytes(), load(SAMPLE / path))
        for path in PATHS
        if is_record(path) and path.split("/")[0] in folders
    ]


RECORDS = records()
each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.path)
each_schema = pytest.mark.parametrize("name", SCHEMAS)


def fields(rule: FieldRule, value: Any) -> Iterator[tuple[FieldRule, Any]]:
    """Every (rule, value) below a value, itself included."""
    yield rule, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from fields(rule.field(key), child)
    elif isinstance(value, list):
        for child in value:
            yield from fields(rule.item, child)


def every_field() -> Iterator[tuple[Record, FieldRule, Any]]:
    for record in RECORDS:
        for rule, value in fields(record.rule, record.value):
            yield record, rule, value


def of_format(name: str) -> list[str]:
    return [value for _, rule, value in every_field() if rule.format == name]


def strategies(rule: FieldRule) -> set[str]:
    """The names under which the format and docs/records.md know how a field merges."""
    found = {rule.strategy}
    if rule.policy.terminal:
        found.add("terminal")
    if rule.policy.group:
        found = found - {"register"} | {"group"}
    return found


# --- what is there


def test_sixty_to_a_hundred_records_of_every_type() -> None:
    counted = Counter(record.kind for record in RECORDS)
    assert counted.keys() == SCHEMAS.keys()
    assert 60 <= counted.total() <= 100
    assert counted["customer"] == 25 and min(counted.values()) >= 3


def test_the_names_that_trip_other_tools_are_there() -> None:
    names = {record.value["name"] for record in RECORDS if record.kind == "customer"}
    assert {"Boulangerie Lefèvre", "Garage Simon", "NO", "1900"} <= names
    addresses = [address for record in RECORDS for address in record.value.get("addresses", ())]
    assert {"01000", "02100", "06000"} <= {address["postcode"] for address in addresses}
    assert {"L'Haÿ-les-Roses", "Besançon", "Œuilly"} <= {address["city"] for address in addresses}


def test_every_stage_and_status_occurs() -> None:
    for kind, field in (("opportunity", "stage"), ("order", "status"), ("customer", "status"), ("visit", "status")):
        occurring = {record.value[field] for record in RECORDS if record.kind == kind}
        assert occurring == set(SCHEMAS[kind].rule((field,)).enum or ()), (kind, field)


def test_paths_can_be_written_on_every_system() -> None:
    assert [path for path in PATHS if judge_path(path)] == []
    assert twins(PATHS) == {}
    assert all(unicodedata.is_normalized("NFC", path) for path in PATHS)


def test_nothing_of_git_or_an_editor_is_inside() -> None:
    assert [path for path in PATHS if any(part.startswith(".") for part in path.split("/"))] == []


def test_bytes_vary_as_people_s_do() -> None:
    assert len([r for r in RECORDS if b"\r\n" in r.data and b"\n" not in r.data.replace(b"\r\n", b"")]) == 1
    assert len([r for r in RECORDS if r.data.startswith(BOM)]) == 1
    assert [r for r in RECORDS if not r.data.endswith(b"\n")]
    text = "\n".join(r.data.decode("utf-8-sig") for r in RECORDS)
    assert re.search("[\U0001f300-\U0001faff]", text), "an emoji in a note"
    for what, pattern in {
        "list indentation 0": r"^\w+:\n- ",
        "list indentation 2": r"^\w+:\n  - ",
        "flow map": r"^\w+: \{",
        "flow list": r"^\w+: \[",
        "literal block": r": \|$",
        "folded block": r": >-?$",
        "double quotes": r': "',
        "single quotes": r": '",
        "comment above": r"^# ",
        "comment beside": r"\w  +# ",
        "comment among items": r"^  # ",
        "blank line between fields": r"\n\n\w+:",
    }.items():
        assert re.search(pattern, text, re.M), what
    assert unicodedata.is_normalized("NFC", text)


# --- identity and references


@each_record
def test_the_id_stands_in_the_file_s_name_and_folder(record: Record) -> None:
    identity = record.value["id"]
    folder = CONFIG["records"][record.kind]["folder"]
    shard = "" if record.kind == "material" else f"/{identity[-2:]}"  # a material lies beside its file
    assert re.fullmatch(re.escape(f"{folder}{shard}/") + r"[a-z0-9-]+~" + identity + r"\.yaml", record.path)
    assert re.fullmatch(prefix(record.kind) + "[a-z0-9]{10}", identity)


def test_ids_and_unique_fields_name_one_record_each() -> None:
    assert len({record.value["id"] for record in RECORDS}) == len(RECORDS)
    repeated = Counter((record.kind, rule.title, value) for record, rule, value in every_field() if rule.unique)
    assert [entry for entry, times in repeated.items() if times > 1] == []


def test_every_reference_names_a_record_of_its_type() -> None:
    kinds = {record.value["id"]: record.kind for record in RECORDS}
    references = [(record.path, rule.ref, value) for record, rule, value in every_field() if rule.ref]
    assert len(references) > 300
    assert [reference for reference in references if kinds.get(reference[2]) != reference[1]] == []


def test_keys_of_items_are_spoken_or_random_and_occur_once() -> None:
    for record, rule, value in every_field():
        if rule.strategy in ("keyed", "log"):
            keys = [tuple(item[name] for name in rule.policy.keys) for item in value]
            assert keys and len(set(keys)) == len(keys), record.path
            assert not [key for key in keys if key[0].isdigit()], record.path


# --- numbers


def luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def test_siren_siret_and_vat_numbers_are_right_and_nobody_s() -> None:
    numbered = [record.value for record in RECORDS if "siren" in record.value]
    assert len(numbered) > 20
    for value in numbered:
        siren, siret = value["siren"], value["siret"]
        assert re.fullmatch(r"0\d{8}", siren) and luhn(siren), "no company's SIREN begins with 0"
        assert re.fullmatch(siren + r"\d{5}", siret) and luhn(siret)
        if vat := value.get("vat_id"):
            assert vat == f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def test_gtins_have_their_check_digit_in_the_range_for_examples() -> None:
    gtins = of_format("gtin")
    assert len(gtins) >= 10
    for gtin in gtins:
        assert re.fullmatch(r"952\d{10}", gtin)
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(gtin)) % 10 == 0


def test_phone_numbers_lie_in_the_ranges_for_fiction() -> None:
    phones = of_format("phone")
    assert len(phones) > 40
    international = [re.sub(r"^0", "+33", phone.replace(" ", "")) for phone in phones]
    assert [phone for phone in international if not FICTION.match(phone)] == []


def test_addresses_on_the_network_lead_nowhere() -> None:
    hosts = [address.split("@")[1] for address in of_format("email")]
    hosts += [address.removeprefix("https://") for address in of_format("uri")]
    assert len(hosts) > 30
    assert [host for host in hosts if not re.search(r"(^|\.)example(\.com|$)", host)] == []


def test_totals_of_orders_are_right_to_the_cent() -> None:
    orders = [record.value for record in RECORDS if record.kind == "order"]
    assert max(len(order["lines"]) for order in orders) >= 40
    assert any(tax["taxable"] == "51.00" and tax["amount"] == "2.81" for o in orders for tax in o["totals"]["vat"])
    for order in orders:
        assert order["totals"] == totals(order), order["number"]


def totals(order: Any) -> dict[str, Any]:
    """As the schema says: net a line, VAT once a rate, half up."""
    taxable: dict[str, Decimal] = {}
    for line in order["lines"]:
        share = 1 - Decimal(line.get("discount_pct", "0")) / 100
        net = cents(Decimal(line["quantity"]) * Decimal(line["unit_price"]) * share)
        taxable[line["vat_rate"]] = taxable.get(line["vat_rate"], Decimal(0)) + net
    for allowance in order.get("allowances", ()):
        taxable[allowance["vat_rate"]] -= Decimal(allowance["amount"])
    taxes = [(rate, amount, cents(amount * Decimal(rate) / 100)) for rate, amount in taxable.items()]
    net = sum((amount for _, amount, _ in taxes), Decimal(0))
    return {
        "net": str(net),
        "vat": [
            {"rate": rate, "taxable": str(amount), "amount": str(tax)}
            for rate, amount, tax in sorted(taxes, key=lambda entry: Decimal(entry[0]))
        ],
        "gross": str(net + sum(tax for _, _, tax in taxes)),
    }


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


# --- attachments


def test_materials_describe_the_file_beside_them() -> None:
    described = [record for record in RECORDS if record.kind == "material"]
    for record in described:
        file = record.value["file"]
        data = (SAMPLE / file["path"]).read_bytes()
        assert Path(file["path"]).parent == Path(record.path).parent
        assert (file["sha256"], file["size"]) == (hashlib.sha256(data).hexdigest(), str(len(data)))
    files = {path for path in PATHS if path.startswith("materials/") and not path.endswith(".yaml")}
    assert {record.value["file"]["path"] for record in described} == files


def test_paths_that_records_name_are_there() -> None:
    named = [record.value["photo"] for record in RECORDS if "photo" in record.value]
    named += [image for record in RECORDS for image in record.value.get("images", ())]
    named += [record.value["signature"]["file"] for record in RECORDS if "signature" in record.value]
    assert len(named) >= 5
    assert [path for path in named if path not in PATHS] == []


@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith((".pdf", ".png"))])
def test_brochures_and_pictures_are_whole(path: str) -> None:
    data = (SAMPLE / path).read_bytes()
    assert 3_000 < len(data) < 60_000
    if path.endswith(".pdf"):
        assert data.startswith(b"%PDF-1.") and data.rstrip().endswith(b"%%EOF")
        start = int(data.rsplit(b"startxref", 1)[1].split()[0])
        assert data[start:].startswith(b"xref") and b"/Type /Page\n" in data
    else:
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        width, height, depth, pixels = png(data)
        assert len(pixels) == height * (1 + -(-width * depth // 8))  # a filter byte and the palette's bits, by row


def png(data: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, bits a pixel and the filtered rows, every chunk's checksum verified."""
    place, pixels = 8, b""
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, place + 8 + length)[0]
        pixels += body if kind == b"IDAT" else b""
        place += 12 + length
    width, height, depth = struct.unpack_from(">IIB", data, 16)
    return width, height, depth, zlib.decompress(pixels)


def test_the_whole_is_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 1_000_000


# --- schemas


@each_schema
def test_a_schema_is_valid_and_names_every_field_in_words(name: str) -> None:
    schema = SCHEMAS[name]
    schemas.verify(SCHEMA_TEXTS[name], schema, SCHEMA_PATHS[name])
    assert schema.document["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert [path for path, rule in schema.rules() if not rule.title] == []


def test_every_strategy_is_used() -> None:
    rules = [rule for schema in SCHEMAS.values() for _, rule in schema.rules()]
    assert set().union(*map(strategies, rules)) == STRATEGIES


@each_record
def test_a_record_is_valid_and_read_as_it_stands(record: Record) -> None:
    document, schema = yamltext.read(record.data), SCHEMAS[record.kind]
    assert schemas.problems(document, schema) == []
    assert same(document.value(schema), typed(record.rule, record.value))


def typed(rule: FieldRule, value: Any) -> Value:
    """The value with its scalars as the schema types them; the numbers among custom fields are whole ones."""
    if isinstance(value, dict):
        return {key: typed(rule.field(key), child) for key, child in value.items()}
    if isinstance(value, list):
        return [typed(rule.item, child) for child in value]
    if "integer" in rule.types or (not rule.types and re.fullmatch("0|[1-9][0-9]*", value)):
        return int(value)
    if "number" in rule.types:
        return Decimal(value)
    return {"true": True, "false": False}[value] if rule.types == ("boolean",) else str(value)


def test_no_field_is_misspelt() -> None:
    """A vault may hold fields that no schema lists; here they would be slips of the pen."""
    for record, rule, value in every_field():
        if isinstance(value, dict) and rule.properties:
            assert value.keys() <= set(rule.properties), record.path


# --- docs/records.md


@each_schema
def test_the_documentation_says_how_each_field_merges(name: str) -> None:
    text = (ROOT / "docs/records.md").read_text("utf-8")
    section = re.search(rf"^## {name} `{prefix(name)}`\n(.*?)(?=^## )", text, re.M | re.S)
    assert section
    rows = [row.split("|")[1:3] for row in section[1].splitlines() if row.startswith("| `")]
    documented = {
        field: set(re.findall(r"`(\w+)`", merge))
        for fields_named, merge in rows
        for field in re.findall(r"`([\w/*]+)`", fields_named)
    }
    common = {"id": {"immutable"}, "tags": {"set"}, "custom": {"granular"}, "owner": {"register"}}
    merged = {
        "/".join(path).replace("/*/", "/"): strategies(rule)
        for path, rule in SCHEMAS[name].rules()
        if len(path) == 1 or (path and rule.policy.why == STATED)
    }
    assert documented | common == merged


def prefix(name: str) -> str:
    """`cus_` for customer."""
    pattern = load(SAMPLE / SCHEMA_PATHS[name])["properties"]["id"]["pattern"]
    return str(pattern).removeprefix("^").removesuffix("[a-z0-9]{10}$")
