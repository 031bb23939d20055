"""What `terraform show -json` says of a deployment."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Deployment:
    """The resources of a state, by type and by address."""

    def __init__(self, shown):
        self.shown = shown
        module = shown["values"]["root_module"]
        assert not module.get("child_modules"), "the walk below knows one module"
        self.resources = [r for r in module["resources"] if r["mode"] == "managed"]

    def all(self, kind):
        return [r for r in self.resources if r["type"] == kind]

    def one(self, address):
        found = [r for r in self.resources if r["address"] == address]
        assert len(found) == 1, f"{address}: {len(found)} of it"
        return found[0]["values"]

    def policies(self):
        """Every policy of every resource: address, attribute, statements."""
        for resource in self.resources:
            for name, value in resource["values"].items():
                if isinstance(value, str) and value.lstrip().startswith("{") and '"Statement"' in value:
                    yield resource["address"], name, as_list(json.loads(value)["Statement"])

    def role_policy(self, role):
        """The statements of what a role may do, by its address."""
        wanted = self.one(f"aws_iam_role.{role}")["name"]
        found = [p["values"] for p in self.all("aws_iam_role_policy") if p["values"]["role"] == wanted]
        assert found, f"the role {role} has no policy"
        return [s for p in found for s in as_list(json.loads(p["policy"])["Statement"])]

    def definition(self):
        return json.loads(self.one("aws_sfn_state_machine.broadcast")["definition"])


def as_list(value):
    return value if isinstance(value, list) else [value]


def allows(statements, action, resource, context=None):
    """Whether a policy allows an action on a resource, as IAM decides: conditions included, of which
    only what is used here is known, so that an unknown one is an error and not a yes."""
    allowed = False
    for statement in statements:
        if not any(matches(p, action, ignore_case=True) for p in as_list(statement.get("Action", []))):
            continue
        if not any(matches(p, resource) for p in as_list(statement.get("Resource", []))):
            continue
        if not holds(statement.get("Condition", {}), context or {}):
            continue
        if statement["Effect"] == "Deny":
            return False
        allowed = True
    return allowed


def holds(conditions, context):
    for test, keys in conditions.items():
        assert test in ("StringEquals", "ArnEquals", "ArnLike", "Bool"), f"condition {test}"
        for key, values in keys.items():
            if not any(matches(value, context.get(key, "")) for value in as_list(values)):
                return False
    return True


def matches(pattern, text, ignore_case=False):
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
    return re.fullmatch(expression, text, re.IGNORECASE if ignore_case else 0) is not None
