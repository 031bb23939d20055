# What each variable changes. Mocked: nothing is asked of AWS.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"] }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "210987654321" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_vpc" {
    defaults = { ipv6_cidr_block = "2600:1f18:1234:5600::/56" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::210987654321:role/mocked" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:210987654321:function:mocked" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:210987654321:mocked" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:210987654321:mocked" }
  }

  mock_resource "aws_ecs_cluster" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:210987654321:cluster/mocked" }
  }

  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-west-1:210987654321:task-definition/mocked:1" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:210987654321:rule/mocked" }
  }
}

variables {
  image_tag  = "1"
  lambda_dir = "tests/zips"
}

run "by_default" {
  command = apply

  assert {
    condition     = keys(aws_subnet.public) == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    error_message = "Three zones, of however many there are."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && length(aws_budgets_budget.monthly) == 0
    error_message = "Without an address nobody is written to, and without an amount there is no budget."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.function : function.reserved_concurrent_executions == -1])
    error_message = "An account with the first quota of 10 invocations can reserve none."
  }

  assert {
    condition     = alltrue([for function in aws_lambda_function.function : function.architectures == tolist(["arm64"])]) && aws_ecs_task_definition.streamer.runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "Functions and streamer are for arm64."
  }

  assert {
    condition     = aws_dynamodb_table.broadcasts.deletion_protection_enabled && !aws_s3_bucket.videos.force_destroy
    error_message = "Table and videos are not lost by mistake."
  }

  assert {
    condition     = !can(aws_lambda_function.function["api"].environment[0].variables["PROBES"]) && alltrue([for function in ["api", "validate-token"] : !can(aws_lambda_function.function[function].environment[0].variables["ALLOW_PRIVATE_ADDRESSES"])])
    error_message = "What is not said is not set."
  }
}

run "in_a_region_of_two_zones" {
  command = apply

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["us-west-1a", "us-west-1c"] }
  }

  assert {
    condition     = keys(aws_subnet.public) == ["us-west-1a", "us-west-1c"]
    error_message = "Two zones will do."
  }
}

run "all_said" {
  command = apply

  variables {
    name                    = "second-house"
    architecture            = "x86_64"
    email                   = "stage@example.org"
    monthly_budget_usd      = 25
    source_buckets          = ["talks", "concerts"]
    probes                  = "facebook=connect"
    lead_spread_seconds     = 600
    allow_private_addresses = true
    ingest_ca_pem           = "-----BEGIN CERTIFICATE-----"
    archive_after_days      = 7
    noncurrent_days         = 2
    log_retention_days      = 14
    images_kept             = 5
    reserved_concurrency    = { api = 20 }
    deletion_protection     = false
    delete_videos           = true
  }

  assert {
    condition     = aws_s3_bucket.videos.bucket == "second-house-videos-210987654321-eu-west-1" && aws_dynamodb_table.broadcasts.name == "second-house"
    error_message = "Names begin with the deployment's."
  }

  assert {
    condition     = alltrue([for function, made in aws_lambda_function.function : made.function_name == "second-house-${function}" && made.architectures == tolist(["x86_64"])]) && aws_ecs_task_definition.streamer.runtime_platform[0].cpu_architecture == "X86_64"
    error_message = "Functions and streamer are for x86_64."
  }

  assert {
    condition     = aws_lambda_function.function["api"].reserved_concurrent_executions == 20 && aws_lambda_function.function["persist"].reserved_concurrent_executions == -1
    error_message = "Only the API is reserved for."
  }

  assert {
    condition     = aws_lambda_function.function["api"].environment[0].variables["PROBES"] == "facebook=connect" && aws_lambda_function.function["api"].environment[0].variables["LEAD_SPREAD_SECONDS"] == "600" && alltrue([for function in ["api", "validate-token"] : aws_lambda_function.function[function].environment[0].variables["ALLOW_PRIVATE_ADDRESSES"] == "true"])
    error_message = "Functions get what was said."
  }

  assert {
    condition     = aws_lambda_function.function["validate-token"].environment[0].variables["INGEST_CA_PEM"] == "-----BEGIN CERTIFICATE-----" && strcontains(aws_ecs_task_definition.streamer.container_definitions, "INGEST_CA_PEM")
    error_message = "Whoever connects to ingests knows the CA."
  }

  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.streamer.container_definitions)[0].environment, { name = "ALLOW_PRIVATE_ADDRESSES", value = "true" })
    error_message = "The streamer, too, may go to private addresses."
  }

  assert {
    condition     = one(aws_sns_topic_subscription.email).endpoint == "stage@example.org" && one(aws_budgets_budget.monthly).limit_amount == "25"
    error_message = "One address, and a budget of 25 dollars."
  }

  assert {
    condition = (
      one([for rule in aws_s3_bucket_lifecycle_configuration.videos.rule : one(rule.transition).days if rule.id == "archive-what-aired"]) == 7 &&
      one([for rule in aws_s3_bucket_lifecycle_configuration.videos.rule : one(rule.noncurrent_version_expiration).noncurrent_days if rule.id == "forget-old-versions"]) == 2
    )
    error_message = "Videos are archived after 7 days, and old versions forgotten after 2."
  }

  assert {
    condition     = alltrue([for group in concat(values(aws_cloudwatch_log_group.function), [aws_cloudwatch_log_group.streamer, aws_cloudwatch_log_group.broadcast]) : group.retention_in_days == 14])
    error_message = "All logs are kept for 14 days."
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.streamer.policy).rules[0].selection.countNumber == 5
    error_message = "Five images are kept."
  }

  assert {
    condition     = !aws_dynamodb_table.broadcasts.deletion_protection_enabled && aws_s3_bucket.videos.force_destroy
    error_message = "It can be destroyed."
  }

  assert {
    condition     = contains(flatten([for statement in data.aws_iam_policy_document.streamer.statement : statement.resources]), "arn:aws:s3:::talks/*")
    error_message = "The streamer reads further buckets."
  }
}
