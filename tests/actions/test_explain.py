from pathlib import Path

import pytest

from fieldvault.actions.looking.explain import EXAMPLES, explain
from fieldvault.edge import schemas, yamltext
from fieldvault.errors import FieldvaultError
from tests.world import World

CASES = Path(__file__).parent.parent / "cases" / "merge"


@pytest.mark.parametrize(("strategy", "case"), EXAMPLES.items())
def test_each_example_shows_its_strategy(strategy: str, case: str) -> None:
    folder = CASES / case
    stated = folder / "schema.yaml"
    if not stated.exists():
        assert strategy in ("register", "granular")  # what holds without a schema
        return
    schema = schemas.load(yamltext.read(stated.read_bytes()), case)
    used = {rule.policy.strategy for _, rule in schema.rules()}
    assert strategy in used or (strategy == "terminal" and "ladder" in used)


def test_fields_are_told_with_their_reason(tmp_path: Path) -> None:
    with World(tmp_path).first("Marc", sample=True).vault() as vault:
        report = explain(vault, "customer")
        told = {one.path: (one.policy.strategy, one.policy.why) for one in report.fields}
        assert told[("id",)] == ("immutable", "stated")
        assert told[("tags",)] == ("set", "inferred")
        assert told[("name",)] == ("register", "default")
        assert told[("phones", "*", "number")] == ("register", "default")
        assert told[("addresses", "*")] == ("atomic", "stated")
        assert ("addresses", "*", "city") not in told and ("tags", "*") not in told  # decided as one
        assert {example.strategy for example in report.examples} == {strategy for strategy, _ in told.values()}
        with pytest.raises(FieldvaultError) as failure:
            explain(vault, "nobody")
        assert "customer" in failure.value.facts["known"]
