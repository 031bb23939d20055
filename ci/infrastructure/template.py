#!/usr/bin/env python3
"""template.py SHOWN.json: what a provider that makes up AWS cannot check, as a CloudFormation template, so
that cfn-lint does: it knows every action of IAM and the resources that each takes, the container's
fields, and the language of states. SHOWN.json is what `terraform show -json` says."""

import json
import re
import sys

from deployed import Deployment

deployment = Deployment(json.load(open(sys.argv[1])))
resources = {}


def add(address, kind, **properties):
    resources[re.sub(r"[^A-Za-z0-9]+", "0", address)] = {"Type": kind, "Properties": properties}


def capitals(value):
    """The names of ECS's API as CloudFormation writes them. Options of a log driver are data."""
    if isinstance(value, list):
        return [capitals(item) for item in value]
    if isinstance(value, dict):
        return {k[0].upper() + k[1:]: v if k == "options" else capitals(v) for k, v in value.items()}
    return value


for role in deployment.all("aws_iam_role"):
    policy = json.loads(role["values"]["assume_role_policy"])
    add(role["address"], "AWS::IAM::Role", RoleName=role["values"]["name"], AssumeRolePolicyDocument=policy)
for kind, type, properties in (
    ("aws_iam_role_policy", "AWS::IAM::Policy", lambda p: {"PolicyName": p["name"], "Roles": [p["role"]]}),
    ("aws_iam_policy", "AWS::IAM::ManagedPolicy", lambda p: {"ManagedPolicyName": p["name"]}),
    ("aws_sqs_queue_policy", "AWS::SQS::QueuePolicy", lambda p: {"Queues": [p["queue_url"]]}),
    ("aws_sns_topic_policy", "AWS::SNS::TopicPolicy", lambda p: {"Topics": [p["arn"]]}),
    ("aws_s3_bucket_policy", "AWS::S3::BucketPolicy", lambda p: {"Bucket": p["bucket"]}),
):
    for policy in deployment.all(kind):
        values = policy["values"]
        add(policy["address"], type, PolicyDocument=json.loads(values["policy"]), **properties(values))

task = deployment.one("aws_ecs_task_definition.streamer")
platform = task["runtime_platform"][0]
add(
    "task",
    "AWS::ECS::TaskDefinition",
    Family=task["family"],
    Cpu=task["cpu"],
    Memory=task["memory"],
    NetworkMode=task["network_mode"],
    RequiresCompatibilities=task["requires_compatibilities"],
    TaskRoleArn=task["task_role_arn"],
    ExecutionRoleArn=task["execution_role_arn"],
    RuntimePlatform={"CpuArchitecture": platform["cpu_architecture"], "OperatingSystemFamily": platform["operating_system_family"]},
    ContainerDefinitions=capitals(json.loads(task["container_definitions"])),
)
machine = deployment.one("aws_sfn_state_machine.broadcast")
add("machine", "AWS::StepFunctions::StateMachine", RoleArn=machine["role_arn"], Definition=json.loads(machine["definition"]))
for rule in deployment.all("aws_cloudwatch_event_rule"):
    add(rule["address"], "AWS::Events::Rule", EventPattern=json.loads(rule["values"]["event_pattern"]))
for alarm in deployment.all("aws_cloudwatch_metric_alarm"):
    values = alarm["values"]
    add(
        alarm["address"],
        "AWS::CloudWatch::Alarm",
        AlarmName=values["alarm_name"],
        Namespace=values["namespace"],
        MetricName=values["metric_name"],
        Statistic=values["statistic"],
        Period=values["period"],
        EvaluationPeriods=values["evaluation_periods"],
        Threshold=values["threshold"],
        ComparisonOperator=values["comparison_operator"],
        TreatMissingData=values["treat_missing_data"],
        Dimensions=[{"Name": name, "Value": value} for name, value in (values["dimensions"] or {}).items()],
    )

json.dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, sys.stdout, indent=1)
