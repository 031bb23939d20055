# A whole deployment, with what AWS would answer: ARNs, ids, policies. Not mocked, so it takes a
# provider that makes up AWS (see README); the credentials here make sure that the real one cannot do
# anything with it.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

variables {
  image_tag  = "1f2e3d"
  lambda_dir = "tests/zips"
  email      = "stage@example.org"
}

run "deployed" {
  command = apply

  # --- network ---------------------------------------------------------------------------------------

  assert {
    condition     = length(aws_subnet.public) == 3 && length(distinct([for subnet in aws_subnet.public : subnet.cidr_block])) == 3 && length(distinct([for subnet in aws_subnet.public : subnet.ipv6_cidr_block])) == 3
    error_message = "Three zones with networks of their own, of both kinds."
  }

  assert {
    condition     = aws_route.ipv4.gateway_id == aws_internet_gateway.streamers.id && aws_route.ipv6.gateway_id == aws_internet_gateway.streamers.id && alltrue([for association in aws_route_table_association.public : association.route_table_id == aws_route_table.public.id])
    error_message = "Every subnet leads to the internet."
  }

  assert {
    condition     = length(aws_security_group.streamer.ingress) == 0 && length(aws_default_security_group.none.ingress) == 0 && length(aws_default_security_group.none.egress) == 0
    error_message = "Nothing comes in, and through the default group nothing goes at all."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.ipv4.ip_protocol == "tcp" && aws_vpc_security_group_egress_rule.ipv6.ip_protocol == "tcp"
    error_message = "TCP goes out, nothing else."
  }

  assert {
    condition     = alltrue([for endpoint in [aws_vpc_endpoint.s3, aws_vpc_endpoint.dynamodb] : endpoint.vpc_endpoint_type == "Gateway" && contains(endpoint.route_table_ids, aws_route_table.public.id)])
    error_message = "S3 and DynamoDB are reached by the endpoints that cost nothing."
  }

  # --- streamer --------------------------------------------------------------------------------------

  assert {
    condition = (
      aws_ecr_repository.streamer.image_tag_mutability == "IMMUTABLE" &&
      aws_ecr_repository.streamer.image_scanning_configuration[0].scan_on_push &&
      aws_ecr_repository.streamer.name == "matinee-streamer"
    )
    error_message = "Images are what they were when they were pushed, and are scanned."
  }

  assert {
    condition = (
      aws_ecs_task_definition.streamer.cpu == "256" && aws_ecs_task_definition.streamer.memory == "512" &&
      aws_ecs_task_definition.streamer.network_mode == "awsvpc" && aws_ecs_task_definition.streamer.family == "matinee-streamer" &&
      aws_ecs_task_definition.streamer.skip_destroy
    )
    error_message = "A quarter of a processor and half a gigabyte; a revision outlives the next."
  }

  assert {
    condition     = length(jsondecode(aws_ecs_task_definition.streamer.container_definitions)) == 1
    error_message = "One container: any container's exit code would fail the state."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.streamer.container_definitions) : (
        container.name == "streamer" && container.essential && container.stopTimeout == 120 &&
        container.readonlyRootFilesystem && container.user == "65532" && !try(container.privileged, false) &&
        container.linuxParameters.capabilities.drop == ["ALL"] && container.linuxParameters.capabilities.add == [] &&
        container.image == "${aws_ecr_repository.streamer.repository_url}:1f2e3d" &&
        !can(container.secrets) && !can(container.portMappings) &&
        container.logConfiguration.logDriver == "awslogs" && container.logConfiguration.options["mode"] == "non-blocking" &&
        container.logConfiguration.options["awslogs-group"] == "/ecs/matinee-streamer"
      )
    ])
    error_message = "A container that may nothing, leaves within two minutes and never waits for its log."
  }

  assert {
    condition     = { for variable in jsondecode(aws_ecs_task_definition.streamer.container_definitions)[0].environment : variable.name => variable.value } == { TABLE = "matinee", DEPLOYMENT = "matinee", METRICS_NAMESPACE = "Matinee" }
    error_message = "Names only; the rest comes with the task and from the table."
  }

  assert {
    condition     = aws_ecs_cluster_capacity_providers.streamers.capacity_providers == toset(["FARGATE", "FARGATE_SPOT"]) && one(aws_ecs_cluster_capacity_providers.streamers.default_capacity_provider_strategy).capacity_provider == "FARGATE"
    error_message = "On demand unless a broadcast asks for Spot."
  }

  # --- functions -------------------------------------------------------------------------------------

  assert {
    condition = alltrue([
      for name, function in aws_lambda_function.function : (
        function.runtime == "provided.al2023" && function.handler == "bootstrap" && function.timeout < 60 &&
        function.logging_config[0].log_format == "JSON" && function.logging_config[0].application_log_level == "INFO" &&
        function.logging_config[0].log_group == "/aws/lambda/matinee-${name}" &&
        function.environment[0].variables["TABLE"] == "matinee" &&
        function.source_code_hash == filebase64sha256("tests/zips/${name}/bootstrap.zip") &&
        function.role == aws_iam_role.function[name].arn
      )
    ])
    error_message = "Each function has its role, its log, the table, and less time than the state that waits for it."
  }

  assert {
    condition = aws_lambda_function.function["api"].environment[0].variables == tomap({
      TABLE                 = "matinee"
      STATE_MACHINE_ARN     = aws_sfn_state_machine.broadcast.arn
      SCHEDULE_GROUP        = "matinee"
      SCHEDULER_ROLE_ARN    = aws_iam_role.scheduler.arn
      DEAD_LETTER_QUEUE_ARN = aws_sqs_queue.missed.arn
    })
    error_message = "The API schedules into the group, with the role, for the state machine."
  }

  assert {
    condition = aws_lambda_function.function["record-outcome"].environment[0].variables == tomap({
      TABLE         = "matinee"
      CLUSTER       = aws_ecs_cluster.streamers.arn
      TOPIC_ARN     = aws_sns_topic.outcomes.arn
      VIDEOS_BUCKET = aws_s3_bucket.videos.bucket
      DEPLOYMENT    = "matinee"
    })
    error_message = "record-outcome knows the cluster, whom to tell and whose videos to mark."
  }

  assert {
    condition     = aws_lambda_function_url.api.authorization_type == "AWS_IAM" && length(aws_lambda_function_url.api.cors) == 0
    error_message = "Nobody gets at the API without signing."
  }

  # --- workflow --------------------------------------------------------------------------------------

  assert {
    condition     = aws_sfn_state_machine.broadcast.arn == local.arns.state_machine
    error_message = "What is named before it is there is named as it then is."
  }

  assert {
    condition = (
      aws_sfn_state_machine.broadcast.type == "STANDARD" && aws_sfn_state_machine.broadcast.tracing_configuration[0].enabled &&
      aws_sfn_state_machine.broadcast.logging_configuration[0].level == "ERROR" &&
      !aws_sfn_state_machine.broadcast.logging_configuration[0].include_execution_data
    )
    error_message = "A workflow that can take a year, with traces, and logs of errors without data."
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.ValidateToken.Arguments.FunctionName == aws_lambda_function.function["validate-token"].arn &&
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.Persist.Arguments.FunctionName == aws_lambda_function.function["persist"].arn &&
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.RecordOutcome.Arguments.FunctionName == aws_lambda_function.function["record-outcome"].arn &&
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.RecordFailure.Arguments.FunctionName == aws_lambda_function.function["record-outcome"].arn &&
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.Stream.Arguments.Cluster == aws_ecs_cluster.streamers.arn &&
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.Stream.Arguments.TaskDefinition == aws_ecs_task_definition.streamer.arn &&
      jsondecode(aws_sfn_state_machine.broadcast.definition).States.Stream.Arguments.Overrides.ContainerOverrides[0].Name == "streamer" &&
      alltrue([for subnet in aws_subnet.public : strcontains(aws_sfn_state_machine.broadcast.definition, subnet.id)]) &&
      strcontains(aws_sfn_state_machine.broadcast.definition, aws_security_group.streamer.id) &&
      !strcontains(aws_sfn_state_machine.broadcast.definition, "$${")
    )
    error_message = "Each state calls what it is named after."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.execution_ended.event_pattern) == {
      source      = ["aws.states"]
      detail-type = ["Step Functions Execution Status Change"]
      detail      = { stateMachineArn = [aws_sfn_state_machine.broadcast.arn], status = ["ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"] }
    }
    error_message = "Every end of an execution, of this state machine only."
  }

  assert {
    condition = (
      aws_cloudwatch_event_target.execution_ended.arn == aws_lambda_function.function["record-outcome"].arn &&
      aws_cloudwatch_event_target.execution_ended.dead_letter_config[0].arn == aws_sqs_queue.unrecorded.arn &&
      aws_cloudwatch_event_target.execution_ended.retry_policy[0].maximum_event_age_in_seconds == 86400 &&
      aws_lambda_permission.execution_ended.source_arn == aws_cloudwatch_event_rule.execution_ended.arn &&
      aws_lambda_permission.execution_ended.source_account == "123456789012" &&
      aws_lambda_function_event_invoke_config.record_outcome.destination_config[0].on_failure[0].destination == aws_sqs_queue.unrecorded.arn
    )
    error_message = "They reach record-outcome or the queue of what could not be recorded."
  }

  assert {
    condition = (
      aws_lambda_event_source_mapping.missed.event_source_arn == aws_sqs_queue.missed.arn &&
      aws_lambda_event_source_mapping.missed.function_name == aws_lambda_function.function["record-outcome"].arn &&
      aws_lambda_event_source_mapping.missed.function_response_types == toset(["ReportBatchItemFailures"]) &&
      aws_sqs_queue.missed.visibility_timeout_seconds >= 6 * aws_lambda_function.function["record-outcome"].timeout &&
      jsondecode(aws_sqs_queue.missed.redrive_policy).deadLetterTargetArn == aws_sqs_queue.unrecorded.arn &&
      jsondecode(aws_sqs_queue_redrive_allow_policy.unrecorded.redrive_allow_policy).sourceQueueArns == [aws_sqs_queue.missed.arn]
    )
    error_message = "What was missed reaches record-outcome, letter by letter."
  }

  # --- data ------------------------------------------------------------------------------------------

  assert {
    condition = (
      aws_dynamodb_table.broadcasts.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.broadcasts.point_in_time_recovery[0].enabled &&
      aws_dynamodb_table.broadcasts.ttl[0].enabled && aws_dynamodb_table.broadcasts.deletion_protection_enabled
    )
    error_message = "A table that is paid by use, forgets old broadcasts and is not lost."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.videos.block_public_acls && aws_s3_bucket_public_access_block.videos.block_public_policy &&
      aws_s3_bucket_public_access_block.videos.ignore_public_acls && aws_s3_bucket_public_access_block.videos.restrict_public_buckets &&
      one(aws_s3_bucket_ownership_controls.videos.rule).object_ownership == "BucketOwnerEnforced" &&
      aws_s3_bucket_versioning.videos.versioning_configuration[0].status == "Enabled"
    )
    error_message = "Videos are private, and versioned."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.videos.policy).Statement : statement.Effect == "Deny" &&
      statement.Condition.Bool["aws:SecureTransport"] == "false" && toset(statement.Resource) == toset([aws_s3_bucket.videos.arn, "${aws_s3_bucket.videos.arn}/*"])
    ])
    error_message = "Videos are not moved without TLS."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.videos.rule :
      rule.filter[0].tag[0].key == "matinee" && rule.filter[0].tag[0].value == "aired" && one(rule.transition).storage_class == "GLACIER_IR"
      if rule.id == "archive-what-aired"
      ]) && anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.videos.rule : length(rule.abort_incomplete_multipart_upload) == 1
    ])
    error_message = "What aired is archived, and broken-off uploads are forgotten."
  }

  # --- what people see -------------------------------------------------------------------------------

  assert {
    condition = jsondecode(aws_ssm_parameter.deployment.value) == {
      version           = 1
      api_url           = aws_lambda_function_url.api.function_url
      videos_bucket     = aws_s3_bucket.videos.bucket
      state_machine_arn = aws_sfn_state_machine.broadcast.arn
      dashboard_url     = output.dashboard_url
    } && aws_ssm_parameter.deployment.name == "/matinee-deployment/matinee"
    error_message = "matinee --aws finds what it looks for."
  }

  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.broadcasts), values(aws_cloudwatch_metric_alarm.function_errors)) : alarm.alarm_actions == toset([aws_sns_topic.outcomes.arn]) && startswith(alarm.alarm_name, "matinee-") && alarm.treat_missing_data == "notBreaching"])
    error_message = "Every alarm tells the topic, whose policy knows them by their names."
  }

  assert {
    condition     = alltrue([for metric in ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled"] : anytrue([for alarm in aws_cloudwatch_metric_alarm.broadcasts : alarm.metric_name == metric && alarm.dimensions == tomap({ StateMachineArn = aws_sfn_state_machine.broadcast.arn })])])
    error_message = "Failed, timed out and throttled executions raise an alarm."
  }

  assert {
    condition     = one(aws_sns_topic_subscription.email).protocol == "email" && one(aws_sns_topic_subscription.email).topic_arn == aws_sns_topic.outcomes.arn
    error_message = "Whoever left an address is told."
  }

  assert {
    condition = alltrue([
      for metric in ["OnAir", "OnAirErrorMs", "Reconnects", "BytesSent", "StallSeconds"] : anytrue([
        for widget in jsondecode(aws_cloudwatch_dashboard.broadcasts.dashboard_body).widgets : anytrue([
          for line in try(widget.properties.metrics, []) : try([line[0], line[1], line[2], line[3]] == ["Matinee", metric, "Deployment", "matinee"], false)
        ])
      ])
    ])
    error_message = "The dashboard shows each metric of the streamer."
  }
}
