"""What must be true of a deployment. Each check answers what is wrong, in words; nothing is good."""

import json
import re

from deployed import ROOT, allows, as_list

# The only statements that may name `*`, because AWS knows no other resource for these actions:
# https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCES = {
    "ecr:GetAuthorizationToken",
    "ecs:ListTasks",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# A policy of an endpoint grants nothing; it says what may pass.
ENDPOINTS = {"aws_vpc_endpoint.s3", "aws_vpc_endpoint.dynamodb"}


def nothing_gets_in(deployment):
    for group in deployment.all("aws_security_group") + deployment.all("aws_default_security_group"):
        if group["values"].get("ingress"):
            yield f"{group['address']} lets something in"
    for kind in ("aws_vpc_security_group_ingress_rule", "aws_lb", "aws_eip", "aws_apigatewayv2_api", "aws_nat_gateway"):
        for resource in deployment.all(kind):
            yield f"{resource['address']} does not belong here"
    for rule in deployment.all("aws_security_group_rule"):
        if rule["values"]["type"] == "ingress":
            yield f"{rule['address']} lets something in"
    for url in deployment.all("aws_lambda_function_url"):
        if url["values"]["authorization_type"] != "AWS_IAM":
            yield f"{url['address']} is open to everybody"
    for permission in deployment.all("aws_lambda_permission"):
        values = permission["values"]
        if values["principal"] == "*" or not (values.get("source_arn") and values.get("source_account")):
            yield f"{permission['address']} lets others than its source invoke a function"
    for block in deployment.all("aws_s3_bucket_public_access_block"):
        for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"):
            if not block["values"][name]:
                yield f"{block['address']}: {name} is off"
    if len(deployment.all("aws_s3_bucket_public_access_block")) != len(deployment.all("aws_s3_bucket")):
        yield "a bucket has nothing that keeps it private"


def policies_are_narrow(deployment):
    seen = 0
    for address, attribute, statements in deployment.policies():
        for statement in statements:
            seen += 1
            where = f"{address} ({attribute}, {statement.get('Sid', 'without a name')})"
            if statement["Effect"] != "Allow":
                continue
            for inverse in ("NotAction", "NotResource", "NotPrincipal"):
                if inverse in statement:
                    yield f"{where} allows everything but something: {inverse}"
            for action in as_list(statement.get("Action", [])):
                if "*" in action:
                    yield f"{where} allows {action}"
            if address in ENDPOINTS:
                continue
            if "*" in json.dumps(statement.get("Principal", "")):
                yield f"{where} allows it to everybody"
            for resource in as_list(statement.get("Resource", [])):
                if resource == "*":
                    for action in set(as_list(statement["Action"])) - WITHOUT_RESOURCES:
                        yield f"{where} allows {action} on everything"
                elif not re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:[^*?]*", re.sub(r"(matinee[^*?]*)\*$", r"\1", resource)):
                    yield f"{where} names {resource}: a `*` that is not at the end, or has no name of ours before it"
    if seen < 50:
        yield f"only {seen} statements were found; the walk has lost its way"


def services_act_for_this_account_only(deployment):
    """Confused deputies: whatever trusts a service says whose request it may act on."""
    for address, attribute, statements in deployment.policies():
        for statement in statements:
            principal = statement.get("Principal")
            if not isinstance(principal, dict) or "Service" not in principal:
                continue
            keys = {key for test in statement.get("Condition", {}).values() for key in test}
            if "aws:SourceAccount" not in keys:
                yield f"{address} ({attribute}) trusts {principal['Service']} for any account"
            if "aws:SourceArn" not in keys and principal["Service"] != "lambda.amazonaws.com":
                yield f"{address} ({attribute}) trusts {principal['Service']} for any resource"


def roles_are_given_to_their_service(deployment):
    for address, _, statements in deployment.policies():
        for statement in statements:
            if "iam:PassRole" in as_list(statement.get("Action", [])):
                if "iam:PassedToService" not in statement.get("Condition", {}).get("StringEquals", {}):
                    yield f"{address} gives a role to any service"


def transport_is_encrypted(deployment):
    """Every policy of a bucket, queue or topic refuses what comes without TLS."""
    for kind, of in (("aws_s3_bucket", "bucket"), ("aws_sqs_queue", "queue_url"), ("aws_sns_topic", "arn")):
        for resource in deployment.all(kind):
            identity = resource["values"]["id"]
            policies = [p["values"] for p in deployment.all(f"{kind}_policy") if p["values"][of] == identity]
            if not any('"aws:SecureTransport": "false"' in p["policy"] for p in policies):
                yield f"{resource['address']} takes requests without TLS"


def no_key_is_in_the_state(deployment):
    """Terraform makes no stream key, reads none, and so has none in state or plan."""
    for parameter in deployment.all("aws_ssm_parameter"):
        if parameter["values"]["type"] != "String" or parameter["values"]["name"].startswith("/matinee/"):
            yield f"{parameter['address']} may hold a secret"
    for data in deployment.shown["values"]["root_module"]["resources"]:
        if data["mode"] == "data" and data["type"] in ("aws_ssm_parameter", "aws_ssm_parameters_by_path"):
            yield f"{data['address']} reads parameters into the state"


def everything_is_tagged(deployment):
    for resource in deployment.resources:
        tags = resource["values"].get("tags_all")
        if tags is not None and not {"Application", "Deployment"} <= set(tags):
            yield f"{resource['address']} has no tags of the deployment"


def the_role_may_what_the_definition_names(deployment):
    """Each state's calls, and every ARN that the definition names."""
    statements = deployment.role_policy("state_machine")
    definition = deployment.definition()
    cluster = definition["States"]["Stream"]["Arguments"]["Cluster"]
    covered = set()

    def check(state, action, resource, context=None):
        covered.add(resource)
        if not allows(statements, action, resource, context):
            yield f"{state}: the state machine's role may not {action} on {resource}"

    for name, state in definition["States"].items():
        if state["Type"] != "Task":
            continue
        arguments = state["Arguments"]
        if state["Resource"] == "arn:aws:states:::lambda:invoke":
            yield from check(name, "lambda:InvokeFunction", arguments["FunctionName"])
        elif state["Resource"] == "arn:aws:states:::ecs:runTask.sync":
            context = {"ecs:cluster": cluster}
            covered.add(cluster)
            yield from check(name, "ecs:RunTask", arguments["TaskDefinition"], context)
            if allows(statements, "ecs:RunTask", arguments["TaskDefinition"], {"ecs:cluster": cluster + "-2"}):
                yield f"{name}: it may run tasks in other clusters, too"
            task = cluster.replace(":cluster/", ":task/") + "/0123456789abcdef"
            for action in ("ecs:DescribeTasks", "ecs:StopTask"):
                yield from check(name, action, task, context)
            if "PropagateTags" in arguments:
                yield from check(name, "ecs:TagResource", task, {"ecs:CreateAction": "RunTask"})
            rule = "arn:aws:events:{}:rule/StepFunctionsGetEventsForECSTaskRule".format(":".join(cluster.split(":")[3:5]))
            for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
                yield from check(name, action, rule)
            made = deployment.one("aws_ecs_task_definition.streamer")
            if made["arn"] != arguments["TaskDefinition"]:
                yield f"{name} runs {arguments['TaskDefinition']}, which is not made here"
            for role in (made["task_role_arn"], made["execution_role_arn"]):
                yield from check(name, "iam:PassRole", role, {"iam:PassedToService": "ecs-tasks.amazonaws.com"})
            names = [c["name"] for c in json.loads(made["container_definitions"])]
            for override in arguments["Overrides"]["ContainerOverrides"]:
                if override["Name"] not in names:
                    yield f"{name} speaks of a container {override['Name']}; there is {names}"
        else:
            yield f"{name} uses {state['Resource']}, of which this check knows nothing"
    named = set(re.findall(r"arn:aws:[a-z]+:[a-z0-9-]+:\d+:[A-Za-z0-9:/_-]+", json.dumps(definition)))
    for arn in named - covered:
        yield f"the definition names {arn}, which no check above covers"
    if len(named) < 5:
        yield f"only {len(named)} ARNs were found in the definition"


def the_endpoints_let_the_streamer_through(deployment):
    """What the streamer's role may do with table and videos has to pass the network's endpoints, too."""
    context = {"aws:PrincipalAccount": deployment.one("aws_sqs_queue.missed")["arn"].split(":")[4]}
    for service in ("dynamodb", "s3"):
        endpoint = json.loads(deployment.one(f"aws_vpc_endpoint.{service}")["policy"])["Statement"]
        found = 0
        for statement in deployment.role_policy("streamer"):
            for action in as_list(statement["Action"]):
                for resource in as_list(statement["Resource"]) if action.startswith(f"{service}:") else []:
                    found += 1
                    if not allows(as_list(endpoint), action, resource.replace("*", "videos/1/talk.mp4"), context):
                        yield f"the endpoint of {service} does not let {action} on {resource} through"
        if not found:
            yield f"the streamer does nothing with {service}"


def the_scheduler_may_what_its_entries_say(deployment):
    scheduler = deployment.role_policy("scheduler")
    machine = deployment.one("aws_sfn_state_machine.broadcast")["arn"]
    queue = deployment.one("aws_sqs_queue.missed")["arn"]
    api = deployment.one('aws_lambda_function.function["api"]')["environment"][0]["variables"]
    if api["STATE_MACHINE_ARN"] != machine or api["DEAD_LETTER_QUEUE_ARN"] != queue:
        yield "the API schedules for something else than what is made here"
    if not allows(scheduler, "states:StartExecution", machine):
        yield "the scheduler may not start executions"
    if not allows(scheduler, "sqs:SendMessage", queue):
        yield "the scheduler may not say what was missed"
    role = api["SCHEDULER_ROLE_ARN"]
    if not allows(deployment.role_policy('function["api"]'), "iam:PassRole", role, {"iam:PassedToService": "scheduler.amazonaws.com"}):
        yield "the API may not give the scheduler its role"


def the_table_is_that_of_the_code(deployment):
    source = (ROOT / "crates/broadcast/src/table/item.rs").read_text()
    constants = dict(re.findall(r'const (\w+): &str = "([^"]+)";', source))
    table = deployment.one("aws_dynamodb_table.broadcasts")
    index = table["global_secondary_index"]
    made = {
        "PK": table["hash_key"],
        "SK": table["range_key"],
        "BY_MONTH": index[0]["name"],
        "MONTH": index[0]["hash_key"],
        "AIR_TIME": index[0]["range_key"],
        "EXPIRES_AT": table["ttl"][0]["attribute_name"],
    }
    for name, value in made.items():
        if constants.get(name) != value:
            yield f"{name} is {constants.get(name)!r} in the code and {value!r} in the table"
    attributes = {a["name"]: a["type"] for a in table["attribute"]}
    if attributes != {constants[name]: "S" for name in ("PK", "SK", "MONTH", "AIR_TIME")}:
        yield f"the table's attributes are {attributes}"
    schema = (ROOT / "crates/broadcast/src/table/schema.rs").read_text()
    listed = re.search(r"IN_INDEX: \[&str; \d+\] = \[(.*?)\];", schema, re.DOTALL).group(1)
    wanted = {constants.get(word, word.strip('"')) for word in re.findall(r'"?\w+"?', listed)}
    if len(index) != 1 or index[0]["projection_type"] != "INCLUDE" or set(index[0]["non_key_attributes"]) != wanted:
        yield "the index does not hold what it holds in the code"


def functions_are_those_of_the_code(deployment):
    there = {p.parent.name for p in (ROOT / "lambdas").glob("*/Cargo.toml")}
    made = {f["index"] for f in deployment.all("aws_lambda_function")}
    if there != made:
        yield f"functions in the code: {sorted(there)}; made: {sorted(made)}"


def variables_are_those_of_the_code(deployment):
    """Every variable that is set is one that is read, and what cannot be missed is set."""
    for function in deployment.all("aws_lambda_function"):
        source = rust(f"lambdas/{function['index']}/src")
        yield from compared(function["address"], function["values"]["environment"][0]["variables"], source)
    containers = json.loads(deployment.one("aws_ecs_task_definition.streamer")["container_definitions"])
    variables = {v["name"]: v["value"] for v in containers[0]["environment"]}
    yield from compared("the streamer's container", variables, rust("streamer/src"))


def compared(where, variables, source):
    read = set(re.findall(r'\(\s*"([A-Z][A-Z_]+)"\s*\)', source))
    for name in set(variables) - read:
        yield f"{where} has a variable {name} that nothing reads"
    needed = set(re.findall(r'required\(\s*"([A-Z_]+)"', source))
    needed |= set(re.findall(r'var\(\s*"([A-Z_]+)"\)\s*\.expect\(', source))
    for name in needed - set(variables):
        yield f"{where} lacks the variable {name}"


def the_rule_sees_what_the_code_looks_at(deployment):
    pattern = json.loads(deployment.one("aws_cloudwatch_event_rule.execution_ended")["event_pattern"])
    source = (ROOT / "lambdas/record-outcome/src/status_change.rs").read_text()
    settled = set(re.findall(r'"(ABORTED|FAILED|SUCCEEDED|TIMED_OUT)"', source))
    if set(pattern["detail"]["status"]) != settled:
        yield f"the rule sees {pattern['detail']['status']}, the code looks at {sorted(settled)}"
    events = ROOT / "lambdas/record-outcome/tests/events"
    event = json.loads((events / "execution-aborted.json").read_text())
    if not fits(pattern, event):
        yield "the rule does not see the event of an execution that was aborted"
    if fits(pattern, json.loads((events / "execution-of-something-else.json").read_text())):
        yield "the rule sees executions of something else"


def fits(pattern, event):
    """EventBridge's patterns, as far as they are used here: each list names the values that fit."""
    return all(
        fits(wanted, event.get(key, {})) if isinstance(wanted, dict) else event.get(key) in wanted
        for key, wanted in pattern.items()
    )


def the_dashboard_shows_metrics_that_exist(deployment):
    source = rust("streamer/src")
    body = json.loads(deployment.one("aws_cloudwatch_dashboard.broadcasts")["dashboard_body"])
    lines = [line for widget in body["widgets"] for line in widget["properties"].get("metrics", [])]
    for metric in {line[1] for line in lines if line[0] == "Matinee"}:
        if f'"{metric}"' not in source:
            yield f"the dashboard shows {metric}, which the streamer never writes"
    for log in re.findall(r"SOURCE '([^']+)'", json.dumps(body)):
        if log not in {g["values"]["name"] for g in deployment.all("aws_cloudwatch_log_group")}:
            yield f"the dashboard reads a log {log}, which is not made here"


def rust(folder):
    """The code of a folder, without its tests."""
    files = [f for f in sorted((ROOT / folder).rglob("*.rs")) if not f.stem.endswith("tests")]
    return "\n".join(f.read_text().split("#[cfg(test)]\nmod")[0] for f in files)


def every_star_has_its_reason(_):
    """In the source: a comment that begins with `*` stands above each statement that names `*`."""
    for file in sorted((ROOT / "infrastructure").glob("iam*.tf")):
        lines = file.read_text().splitlines()
        for number, line in enumerate(lines):
            if not re.search(r'resources\s*=\s*\["\*"\]', line):
                continue
            start = max(n for n in range(number) if lines[n].strip() == "statement {")
            comment = []
            while lines[start - 1].strip().startswith("#"):
                start -= 1
                comment.append(lines[start].strip())
            if not any(c.startswith("# `*`: ") for c in comment):
                yield f"{file.name}:{number + 1} names `*` and does not say why"


ALL = [
    nothing_gets_in,
    policies_are_narrow,
    every_star_has_its_reason,
    services_act_for_this_account_only,
    roles_are_given_to_their_service,
    transport_is_encrypted,
    no_key_is_in_the_state,
    everything_is_tagged,
    the_role_may_what_the_definition_names,
    the_endpoints_let_the_streamer_through,
    the_scheduler_may_what_its_entries_say,
    the_table_is_that_of_the_code,
    functions_are_those_of_the_code,
    variables_are_those_of_the_code,
    the_rule_sees_what_the_code_looks_at,
    the_dashboard_shows_metrics_that_exist,
]
