"""Which operations of AWS the code calls, and whether its role may do just these.

Read from the source by what the SDK's calls look like; a call that is not understood is an error.
"""

import re

from checks import rust
from deployed import ROOT, as_list

SERVICES = {"sfn": "states", "scheduler": "scheduler", "ecs": "ecs", "sns": "sns", "ssm": "ssm", "dynamodb": "dynamodb"}
# What the names of operations begin with.
VERBS = (
    "add|batch|cancel|change|create|delete|deregister|describe|get|list|publish|put|receive|redrive|register|remove|"
    "run|send|start|stop|subscribe|tag|transact|untag|update"
)
# What a role needs beside what its code calls: Lambda writes the log, reads the queue and leaves what
# failed as the function; a schedule is made with a role that has to be given away.
BESIDE = {
    "api": {"logs:CreateLogStream", "logs:PutLogEvents", "iam:PassRole"},
    "validate-token": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "persist": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "record-outcome": {
        "logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage",
        "sqs:GetQueueAttributes", "sqs:SendMessage",
    },
    "streamer": set(),
}
# Of crates/s3, by the method that is called.
OBJECTS = {"get_tags": "s3:GetObjectTagging", "put_tags": "s3:PutObjectTagging", "head": "s3:GetObject"}
# The streamer reads objects by requests that it signs itself (streamer/src/source), and so does the API
# when it checks a video (lambdas/api/src/request/preflight.rs).
READS_OBJECTS = {"streamer": {"s3:GetObject"}, "api": {"s3:GetObject"}}


def roles_may_what_their_code_calls(deployment):
    for who, folder in [(f, f"lambdas/{f}/src") for f in ("api", "validate-token", "persist", "record-outcome")] + [("streamer", "streamer/src")]:
        role = "streamer" if who == "streamer" else f'function["{who}"]'
        may = {action for s in deployment.role_policy(role) for action in as_list(s["Action"])}
        calls = called(rust(folder)) | READS_OBJECTS.get(who, set())
        for action in sorted(calls - may):
            yield f"{who} calls {action}, and its role may not"
        for action in sorted(may - calls - BESIDE[who]):
            yield f"{who} never calls {action}, and its role may"
        for action in sorted(BESIDE[who] - may):
            yield f"{who} needs {action}, and its role may not"


def called(source):
    flat = re.sub(r"\s+", "", re.sub(r"//[^\n]*", "", source))
    actions = set()
    for part, methods in (("table", table_methods()), ("keys", key_methods())):
        for method in re.findall(rf"{part}\.(\w+)\(", flat):
            actions |= methods.get(method, set())
    for field, service in re.findall(r"(\w+):aws_sdk_(\w+)::Client", flat):
        for operation in re.findall(rf"\w+\.{field}\.((?:{VERBS})\w*)\(\)", flat):
            actions.add(f"{SERVICES[service]}:{camel(operation)}")
    if "s3::" in flat:
        actions |= {action for method, action in OBJECTS.items() if re.search(rf"\.{method}\(", flat)}
    return actions


def table_methods():
    return methods_of("crates/broadcast/src/table", "dynamodb")


def key_methods():
    return methods_of("crates/broadcast/src/keys.rs", "ssm")


def methods_of(where, prefix):
    """Each method and the operations that it calls, by itself and by others."""
    path = ROOT / where
    source = rust(where) if path.is_dir() else path.read_text().split("#[cfg(test)]")[0]
    source = re.sub(r"//[^\n]*", "", source)
    parts = re.split(r"\bfn (\w+)", source)
    direct, others = {}, {}
    for name, body in zip(parts[1::2], parts[2::2]):
        flat = re.sub(r"\s+", "", body)
        direct[name] = {f"{prefix}:{camel(o)}" for o in re.findall(r"client\.(\w+)\(\)", flat)}
        if f"{prefix}:TransactWriteItems" in direct[name]:
            direct[name].remove(f"{prefix}:TransactWriteItems")
            kinds = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
            direct[name] |= {f"{prefix}:{action}" for kind, action in kinds.items() if re.search(rf"\b{kind}::builder", flat)}
        others[name] = set(re.findall(r"self\.(\w+)\(", flat))
    grown = True
    while grown:
        grown = False
        for name, calls in others.items():
            more = set().union(*(direct.get(c, set()) for c in calls)) if calls else set()
            if not more <= direct[name]:
                direct[name] |= more
                grown = True
    return direct


def camel(operation):
    return "".join(word.capitalize() for word in operation.split("_"))
