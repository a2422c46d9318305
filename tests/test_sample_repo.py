"""The sample vault keeps its promises: what it says about itself is true, and nobody's real number stands in it.

Law: records are read here as their bare text (BaseLoader), apart from fieldvault's own reader, so that a mistake of the
one cannot hide in the other; typing and validity are then asked of fieldvault.
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

import jsonschema_rs
import pytest
import yaml

from fieldvault.core.names import is_record, judge_path, twins

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
SCHEMAS = {name: yaml.load((SAMPLE / kind["schema"]).read_bytes(), yaml.CSafeLoader)
           for name, kind in CONFIG["records"].items()}  # fmt: skip


@dataclass(frozen=True)
class Record:
    path: str
    kind: str
    data: bytes
    value: Any

    @property
    def schema(self) -> Any:
        return SCHEMAS[self.kind]


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


def fields(schema: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (schema, value) below a value, itself included."""
    yield schema, value
    if isinstance(value, dict):
        for key, child in value.items():
            yield from fields(schema.get("properties", {}).get(key, schema.get("additionalProperties", {})), child)
    elif isinstance(value, list):
        for child in value:
            yield from fields(schema.get("items", {}), child)


def found(keyword: str, wanted: Any = None) -> list[tuple[Record, Any, Any]]:
    """(record, argument, value) wherever a schema uses the keyword, or uses it with that argument."""
    return [
        (record, schema[keyword], value)
        for record in RECORDS
        for schema, value in fields(record.schema, record.value)
        if keyword in schema and wanted in (None, schema[keyword])
    ]


def subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    yield pointer, schema
    for key, child in schema.get("properties", {}).items():
        yield from subschemas(child, f"{pointer}/{key}")
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from subschemas(schema[keyword], f"{pointer}/{keyword}")


def strategies(schema: Any) -> set[str]:
    """The strategies that stand in, or follow from, one schema."""
    stated = schema.get("x-merge")
    if isinstance(stated, str):
        return {stated}
    named = set(stated or ()) - {"at", "order"}
    if named:
        return named
    if schema.get("type") == "object":
        return {"granular"}
    if schema.get("type") == "array":
        if {"id", "key"} & set(schema["items"].get("required", ())):
            return {"keyed"}
        return {"set"} if schema.get("uniqueItems") else {"register"}
    return {"register"}


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
        assert occurring == set(SCHEMAS[kind]["properties"][field]["enum"]), (kind, field)


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
    assert re.fullmatch(SCHEMAS[record.kind]["properties"]["id"]["pattern"], identity)


def test_ids_and_unique_fields_name_one_record_each() -> None:
    assert len({record.value["id"] for record in RECORDS}) == len(RECORDS)
    repeated = Counter((record.kind, value) for record, _, value in found("x-unique"))
    assert [entry for entry, times in repeated.items() if times > 1] == []


def test_every_reference_names_a_record_of_its_type() -> None:
    kinds = {record.value["id"]: record.kind for record in RECORDS}
    references = found("x-ref")
    assert len(references) > 300
    assert [(r.path, value) for r, kind, value in references if kinds.get(value) != kind] == []


def test_keys_of_items_are_spoken_or_random_and_occur_once() -> None:
    for record in RECORDS:
        for schema, value in fields(record.schema, record.value):
            if isinstance(value, list) and strategies(schema) & {"keyed", "log"}:
                rule = schema.get("x-merge", {})
                key = rule.get("log") or (rule.get("keyed") or set(schema["items"]["required"]) & {"id", "key"})
                names = [key] if isinstance(key, str) else list(key)
                keys = [tuple(item[name] for name in names) for item in value]
                assert len(set(keys)) == len(keys), record.path
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
    gtins = [value for _, _, value in found("format", "gtin")]
    assert len(gtins) >= 10
    for gtin in gtins:
        assert re.fullmatch(r"952\d{10}", gtin)
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(gtin)) % 10 == 0


def test_phone_numbers_lie_in_the_ranges_for_fiction() -> None:
    phones = [value for _, _, value in found("format", "phone")]
    assert len(phones) > 40
    international = [re.sub(r"^0", "+33", phone.replace(" ", "")) for phone in phones]
    assert [phone for phone in international if not FICTION.match(phone)] == []


def test_addresses_on_the_network_lead_nowhere() -> None:
    hosts = [value.split("@")[1] for _, _, value in found("format", "email")]
    hosts += [re.sub(r"^https?://", "", value) for _, _, value in found("format", "uri")]
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
    net = sum(amount for _, amount, _ in taxes)
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
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema_rs.meta.validate(schema)
    assert [pointer for pointer, part in subschemas(schema) if not part.get("title")] == []
    assert "additionalProperties: false" not in (SAMPLE / CONFIG["records"][name]["schema"]).read_text("utf-8")


def test_every_strategy_is_used() -> None:
    used = {strategy for schema in SCHEMAS.values() for _, part in subschemas(schema) for strategy in strategies(part)}
    assert used == STRATEGIES


def typed(schema: Any, value: Any) -> Any:
    """The value with its scalars as the schema types them."""
    if isinstance(value, dict):
        rest = schema.get("additionalProperties", {})
        return {key: typed(schema.get("properties", {}).get(key, rest), child) for key, child in value.items()}
    if isinstance(value, list):
        return [typed(schema.get("items", {}), child) for child in value]
    match schema.get("type"):
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "boolean":
            return {"true": True, "false": False}[value]
    return value


@each_record
def test_a_record_is_valid_under_its_schema(record: Record) -> None:
    validator = jsonschema_rs.Draft7Validator(record.schema, validate_formats=True)
    value = typed(record.schema, record.value)
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)] == []


def test_no_field_is_misspelt() -> None:
    assert [(record.path, value) for record in RECORDS for value in unknown(record.schema, record.value)] == []


def unknown(schema: Any, value: Any) -> Iterator[str]:
    """The keys that a schema with properties does not list: allowed in a vault, a slip of the pen here."""
    for part, child in fields(schema, value):
        if isinstance(child, dict) and "properties" in part:
            yield from child.keys() - part["properties"].keys()


# --- docs/records.md


@each_schema
def test_the_documentation_says_how_each_field_merges(name: str) -> None:
    text = (ROOT / "docs/records.md").read_text("utf-8")
    section = re.search(rf"^## {name} `{name_prefix(name)}`\n(.*?)(?=^## )", text, re.M | re.S)
    assert section
    rows = [row.split("|")[1:3] for row in section[1].splitlines() if row.startswith("| `")]
    documented = {
        field: set(re.findall(r"`(\w+)`", merge))
        for fields_named, merge in rows
        for field in re.findall(r"`([\w/*]+)`", fields_named)
    }
    common = {"id": {"immutable"}, "tags": {"set"}, "custom": {"granular"}, "owner": {"register"}}
    assert documented | common == policies(SCHEMAS[name])


def name_prefix(name: str) -> str:
    return str(SCHEMAS[name]["properties"]["id"]["pattern"])[1:5]


def policies(schema: Any) -> dict[str, set[str]]:
    """Field -> strategies: each field of the record, and each field of an item that states its own."""
    found = {}
    for pointer, part in subschemas(schema):
        field = pointer.removeprefix("/").replace("/items", "/*").replace("/*/", "/")
        if field and ("/" not in field or "x-merge" in part):
            found[field] = strategies(part)
    return found
