locals {
  # Time limits are below those of the workflow's states (60 s), which would otherwise give up on a
  # function that still works.
  functions = {
    api = {
      description = "The HTTP API"
      timeout     = 30
      environment = merge(
        {
          STATE_MACHINE_ARN     = local.arns.state_machine
          SCHEDULE_GROUP        = aws_scheduler_schedule_group.broadcasts.name
          SCHEDULER_ROLE_ARN    = aws_iam_role.scheduler.arn
          DEAD_LETTER_QUEUE_ARN = aws_sqs_queue.missed.arn
        },
        var.probes == "" ? {} : { PROBES = var.probes },
        local.private_addresses,
        var.lead_spread_seconds == 0 ? {} : { LEAD_SPREAD_SECONDS = tostring(var.lead_spread_seconds) },
      )
    }
    validate-token = {
      description = "Workflow: tries the stream keys"
      timeout     = 45
      environment = local.reaching_ingests
    }
    persist = {
      description = "Workflow: opens an attempt"
      timeout     = 45
      environment = {}
    }
    record-outcome = {
      description = "Workflow: records how it went and tells it"
      timeout     = 50
      environment = {
        CLUSTER       = aws_ecs_cluster.streamers.arn
        TOPIC_ARN     = aws_sns_topic.outcomes.arn
        VIDEOS_BUCKET = aws_s3_bucket.videos.bucket
        DEPLOYMENT    = var.name
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:logs hold no keys and no secrets; the key that CloudWatch Logs owns costs nothing
  #checkov:skip=CKV_AWS_338:how long logs are worth their storage is for the owner to say (log_retention_days)
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "function" {
  #checkov:skip=CKV_AWS_116:the workflow and the API wait for their answer; what is not waited for has a destination for failures (events.tf)
  #checkov:skip=CKV_AWS_117:the functions reach AWS and ingests by the internet; inside a VPC that would take a NAT gateway
  #checkov:skip=CKV_AWS_173:the environment holds names and ARNs, nothing secret
  #checkov:skip=CKV_AWS_272:who may change the function may change its signing configuration, too; there is one deployer
  for_each = local.functions

  function_name = "${var.name}-${each.key}"
  description   = "Matinee. ${each.value.description}"
  role          = aws_iam_role.function[each.key].arn

  filename = "${var.lambda_dir}/${each.key}/bootstrap.zip"
  # That it is missing is told below; what is to be destroyed need not be built.
  source_code_hash = try(filebase64sha256("${var.lambda_dir}/${each.key}/bootstrap.zip"), null)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]

  memory_size = 256
  timeout     = each.value.timeout
  # -1 reserves nothing. A new account has 10 invocations at a time in all, of which AWS lets none be
  # reserved; it gives more when asked (docs/aws.md).
  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)

  environment {
    variables = merge({ TABLE = aws_dynamodb_table.broadcasts.name }, each.value.environment)
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "INFO"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
  }

  # Traces begin at the state machine, whose segments tell how long each function took; with more
  # than that each function would need two actions on `*`.
  tracing_config {
    mode = "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = fileexists("${var.lambda_dir}/${each.key}/bootstrap.zip")
      error_message = "There is no ${var.lambda_dir}/${each.key}/bootstrap.zip; ./deploy builds the functions; infrastructure/README.md says how to by hand."
    }
  }

  depends_on = [aws_iam_role_policy.function]
}
