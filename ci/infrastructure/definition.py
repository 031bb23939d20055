#!/usr/bin/env python3
"""definition.py rendered|placeholders SHOWN.json: the state machine's definition as Terraform rendered it,
or what it was rendered with, for the example of crate state-machines. SHOWN.json is what
`terraform show -json` says."""

import json
import sys

from deployed import Deployment

deployment = Deployment(json.load(open(sys.argv[2])))


def arn(function):
    return deployment.one(f'aws_lambda_function.function["{function}"]')["arn"]


def subnets():
    made = sorted(deployment.all("aws_subnet"), key=lambda subnet: subnet["values"]["availability_zone"])
    return [subnet["values"]["id"] for subnet in made]


if sys.argv[1] == "rendered":
    sys.stdout.write(deployment.one("aws_sfn_state_machine.broadcast")["definition"])
else:
    task = deployment.one("aws_ecs_task_definition.streamer")
    json.dump(
        {
            "validate_token_function_arn": arn("validate-token"),
            "persist_function_arn": arn("persist"),
            "record_outcome_function_arn": arn("record-outcome"),
            "cluster_arn": deployment.one("aws_ecs_cluster.streamers")["arn"],
            "task_definition_arn": task["arn"],
            "container_name": json.loads(task["container_definitions"])[0]["name"],
            "subnet_ids": subnets(),
            "security_group_ids": [deployment.one("aws_security_group.streamer")["id"]],
        },
        sys.stdout,
    )
