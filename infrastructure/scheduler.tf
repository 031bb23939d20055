# An entry for each broadcast, made by the API (lambdas/api/src/schedule.rs), starts its execution at
# air time - lead. An entry deletes itself when it has fired.
resource "aws_scheduler_schedule_group" "broadcasts" {
  name = var.name
}

# What could not be started in time: record-outcome settles it as missed.
resource "aws_sqs_queue" "missed" {
  name                      = "${var.name}-missed"
  message_retention_seconds = 14 * 24 * 3600
  # Six times the time limit of record-outcome, as Lambda asks for.
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.unrecorded.arn
    maxReceiveCount     = 5
  })
}

resource "aws_lambda_event_source_mapping" "missed" {
  event_source_arn = aws_sqs_queue.missed.arn
  function_name    = aws_lambda_function.function["record-outcome"].arn
  batch_size       = 10
  # A letter that cannot be settled now comes again; the others of its batch do not.
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}

# Where what nobody could record ends, from the queue above and from events.tf. An alarm tells when
# something is in it. README.md says what to do with it.
resource "aws_sqs_queue" "unrecorded" {
  name                      = "${var.name}-unrecorded"
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_redrive_allow_policy" "unrecorded" {
  queue_url = aws_sqs_queue.unrecorded.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.missed.arn]
  })
}

# The scheduler sends with its own role, which is allowed to by its own policy.
resource "aws_sqs_queue_policy" "missed" {
  queue_url = aws_sqs_queue.missed.id
  policy    = data.aws_iam_policy_document.tls_only["missed"].json
}

resource "aws_sqs_queue_policy" "unrecorded" {
  queue_url = aws_sqs_queue.unrecorded.id
  policy    = data.aws_iam_policy_document.unrecorded_queue.json
}

data "aws_iam_policy_document" "unrecorded_queue" {
  source_policy_documents = [data.aws_iam_policy_document.tls_only["unrecorded"].json]

  statement {
    sid       = "UndeliverableEvents"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.unrecorded.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.execution_ended.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}
