#!/usr/bin/env python3
"""verify.py SHOWN.json: checks what `terraform show -json` says of a deployment, and then whether each
check can say no: deployments that were broken on purpose have to fail. Counts as ci/ does."""

import copy
import json
import sys

import checks
import operations
from deployed import Deployment

ALL = checks.ALL + [operations.roles_may_what_their_code_calls]
passed = failed = 0


def count(good, name, problems=()):
    global passed, failed
    print(f"{'ok  ' if good else 'FAIL'} {name}")
    for problem in problems:
        print(f"     {problem}")
    passed, failed = passed + good, failed + (not good)


def said(check, deployment):
    try:
        return list(check(deployment))
    except (AssertionError, KeyError, IndexError) as error:
        return [f"{type(error).__name__}: {error}"]


def words(check):
    return check.__name__.replace("_", " ")


def values(shown, address):
    [found] = [r for r in shown["values"]["root_module"]["resources"] if r["address"] == address]
    return found["values"]


def text(old, new, *addresses):
    """A fault: in the attributes of some resources, one text in place of another."""

    def fault(shown):
        for address in addresses:
            mine = values(shown, address)
            for name, value in mine.items():
                if isinstance(value, str) and old in value:
                    mine[name] = value.replace(old, new)
                    break
            else:
                raise LookupError(f"{address} has no {old!r} to break")

    return fault


def put(address, **more):
    return lambda shown: values(shown, address).update(more)


def add(kind, **attributes):
    resource = {"address": f"{kind}.extra", "mode": "managed", "type": kind, "values": attributes}
    return lambda shown: shown["values"]["root_module"]["resources"].append(resource)


FUNCTION = 'aws_iam_role_policy.function["{}"]'.format
FAULTS = [
    (checks.nothing_gets_in, "an ingress rule", add("aws_vpc_security_group_ingress_rule", cidr_ipv4="0.0.0.0/0")),
    (checks.nothing_gets_in, "an ingress block", put("aws_security_group.streamer", ingress=[{"from_port": 22}])),
    (checks.nothing_gets_in, "an open function URL", put("aws_lambda_function_url.api", authorization_type="NONE")),
    (checks.nothing_gets_in, "a bucket that may be public", put("aws_s3_bucket_public_access_block.videos", block_public_policy=False)),
    (checks.policies_are_narrow, "`*` as a resource", text('"arn:aws:dynamodb:us-east-1:123456789012:table/matinee"', '"*"', FUNCTION("persist"))),
    (checks.policies_are_narrow, "`*` as a table", text("table/matinee", "table/*", FUNCTION("persist"))),
    (checks.policies_are_narrow, "`*` as a region", text("arn:aws:dynamodb:us-east-1:", "arn:aws:dynamodb:*:", FUNCTION("persist"))),
    (checks.policies_are_narrow, "every action of a service", text("dynamodb:PutItem", "dynamodb:*", FUNCTION("persist"))),
    (checks.policies_are_narrow, "an action among those without resources", text("logs:ListLogDeliveries", "logs:DeleteLogGroup", "aws_iam_role_policy.state_machine")),
    (checks.services_act_for_this_account_only, "a trust without an account", text("aws:SourceAccount", "aws:Source", "aws_iam_role.scheduler")),
    (checks.services_act_for_this_account_only, "a trust without a source", text("aws:SourceArn", "aws:Source", "aws_iam_role.state_machine")),
    (checks.services_act_for_this_account_only, "a queue that anybody's events reach", text("aws:SourceArn", "aws:Source", "aws_sqs_queue_policy.unrecorded")),
    (checks.roles_are_given_to_their_service, "a role for any service", text("iam:PassedToService", "iam:Passed", FUNCTION("api"))),
    (checks.transport_is_encrypted, "a bucket without TLS", text("aws:SecureTransport", "aws:Secure", "aws_s3_bucket_policy.videos")),
    (checks.no_key_is_in_the_state, "a secret parameter", add("aws_ssm_parameter", type="SecureString", name="/matinee/1/facebook")),
    (checks.everything_is_tagged, "a resource without tags", put("aws_sqs_queue.missed", tags_all={})),
    (checks.the_role_may_what_the_definition_names, "a typo in a function's ARN", text("function:matinee-persist", "function:matinee-persists", "aws_sfn_state_machine.broadcast")),
    (checks.the_role_may_what_the_definition_names, "another cluster", text("cluster/matinee", "cluster/matinees", "aws_sfn_state_machine.broadcast")),
    (checks.the_role_may_what_the_definition_names, "another task definition", text("matinee-streamer:", "matinee-streamers:", "aws_sfn_state_machine.broadcast")),
    (checks.the_role_may_what_the_definition_names, "a role that may not be given", text("role/matinee-us-east-1-streamer-start", "role/other", "aws_iam_role_policy.state_machine")),
    (checks.the_role_may_what_the_definition_names, "a role that may not stop tasks", text("ecs:StopTask", "ecs:StopTasks", "aws_iam_role_policy.state_machine")),
    (checks.the_role_may_what_the_definition_names, "any cluster", text("ecs:cluster", "ecs:group", "aws_iam_role_policy.state_machine")),
    (checks.the_role_may_what_the_definition_names, "a container of another name", text('"Name": "streamer"', '"Name": "stream"', "aws_sfn_state_machine.broadcast")),
    (checks.the_endpoints_let_the_streamer_through, "an endpoint that is too narrow", text("dynamodb:UpdateItem", "dynamodb:PutItem", "aws_vpc_endpoint.dynamodb")),
    (checks.the_endpoints_let_the_streamer_through, "an endpoint for others", text("aws:PrincipalAccount", "aws:Principal", "aws_vpc_endpoint.dynamodb")),
    (checks.the_scheduler_may_what_its_entries_say, "a scheduler that may not say what was missed", text("matinee-missed", "matinee-lost", "aws_iam_role_policy.scheduler")),
    (checks.the_table_is_that_of_the_code, "another attribute of the expiry", lambda shown: values(shown, "aws_dynamodb_table.broadcasts")["ttl"][0].update(attribute_name="expiresAt")),
    (checks.the_table_is_that_of_the_code, "another index", lambda shown: values(shown, "aws_dynamodb_table.broadcasts")["global_secondary_index"][0].update(name="ByDay")),
    (checks.functions_are_those_of_the_code, "a function that is not there", lambda shown: shown["values"]["root_module"]["resources"].remove(next(r for r in shown["values"]["root_module"]["resources"] if r["address"] == 'aws_lambda_function.function["persist"]'))),
    (checks.variables_are_those_of_the_code, "a typo in a variable", lambda shown: values(shown, 'aws_lambda_function.function["api"]')["environment"][0]["variables"].update(STATE_MASCHINE_ARN="")),
    (checks.variables_are_those_of_the_code, "a variable that is missing", lambda shown: values(shown, 'aws_lambda_function.function["api"]')["environment"][0]["variables"].pop("SCHEDULE_GROUP")),
    (checks.variables_are_those_of_the_code, "a typo in the container's", text('"TABLE"', '"TABEL"', "aws_ecs_task_definition.streamer")),
    (checks.the_rule_sees_what_the_code_looks_at, "a status that is not seen", text('"TIMED_OUT"', '"TIMEDOUT"', "aws_cloudwatch_event_rule.execution_ended")),
    (checks.the_rule_sees_what_the_code_looks_at, "every state machine", text("stateMachineArn", "executionArn", "aws_cloudwatch_event_rule.execution_ended")),
    (checks.the_dashboard_shows_metrics_that_exist, "a metric that nobody writes", text('"Reconnects"', '"Reconnections"', "aws_cloudwatch_dashboard.broadcasts")),
    (operations.roles_may_what_their_code_calls, "an operation that is not allowed", text("ssm:DeleteParameter", "ssm:DeleteParameters", FUNCTION("record-outcome"))),
    (operations.roles_may_what_their_code_calls, "an operation that is not needed", text('"dynamodb:GetItem"', '"dynamodb:GetItem", "dynamodb:Scan"', "aws_iam_role_policy.streamer")),
]

shown = json.load(open(sys.argv[1]))
for check in ALL:
    problems = said(check, Deployment(shown))
    count(not problems, words(check), problems)
for check, name, fault in FAULTS:
    broken = copy.deepcopy(shown)
    try:
        fault(broken)
        problems = said(check, Deployment(broken))
        new = set(problems) - set(said(check, Deployment(shown)))
        count(bool(new), f"it sees {name} ({words(check)})")
    except LookupError as error:
        count(False, f"it sees {name} ({words(check)})", [str(error)])

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
