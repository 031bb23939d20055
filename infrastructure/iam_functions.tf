# One role for each function, with the operations that its code calls and no others;
# ci/infrastructure.sh compares them with the code.

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${local.global_name}-${each.key}"
  description        = "Matinee: the function ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust["lambda"].json
}

resource "aws_iam_role_policy" "function" {
  for_each = {
    api            = data.aws_iam_policy_document.api.json
    validate-token = data.aws_iam_policy_document.validate_token.json
    persist        = data.aws_iam_policy_document.persist.json
    record-outcome = data.aws_iam_policy_document.record_outcome.json
  }

  name   = "does"
  role   = aws_iam_role.function[each.key].id
  policy = each.value
}

data "aws_iam_policy_document" "function_log" {
  for_each = local.functions

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }
}

data "aws_iam_policy_document" "api" {
  source_policy_documents = [data.aws_iam_policy_document.function_log["api"].json]

  statement {
    sid       = "Table"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    resources = [aws_dynamodb_table.broadcasts.arn]
  }

  statement {
    sid       = "List"
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.broadcasts.arn}/index/ByMonth"]
  }

  # The key aws/ssm, with which they are encrypted, is everybody's in the account who may use
  # Parameter Store: that takes no right of its own.
  statement {
    sid       = "Keys"
    actions   = ["ssm:PutParameter", "ssm:DeleteParameter"]
    resources = [local.arns.keys]
  }

  statement {
    sid       = "Schedule"
    actions   = ["scheduler:CreateSchedule", "scheduler:DeleteSchedule"]
    resources = [local.arns.schedules]
  }

  statement {
    sid       = "GiveTheScheduler"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.scheduler.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["scheduler.amazonaws.com"]
    }
  }

  statement {
    sid       = "Start"
    actions   = ["states:StartExecution"]
    resources = [local.arns.state_machine]
  }

  statement {
    sid       = "Executions"
    actions   = ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
    resources = [local.arns.executions]
  }

  # The index of a video, which is checked when it is scheduled.
  statement {
    sid     = "Videos"
    actions = ["s3:GetObject"]
    resources = concat(
      ["${aws_s3_bucket.videos.arn}/*"],
      [for bucket in var.source_buckets : "arn:${local.partition}:s3:::${bucket}/*"],
    )
  }
}

data "aws_iam_policy_document" "validate_token" {
  source_policy_documents = [data.aws_iam_policy_document.function_log["validate-token"].json]

  statement {
    sid = "Table"
    # Query: a key that another broadcast has on air is not tried.
    actions   = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.broadcasts.arn]
  }

  statement {
    sid       = "Keys"
    actions   = ["ssm:GetParameter"]
    resources = [local.arns.keys]
  }
}

data "aws_iam_policy_document" "persist" {
  source_policy_documents = [data.aws_iam_policy_document.function_log["persist"].json]

  # TransactWriteItems is allowed by what is in the transaction.
  statement {
    sid       = "Table"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.broadcasts.arn]
  }
}

data "aws_iam_policy_document" "record_outcome" {
  source_policy_documents = [data.aws_iam_policy_document.function_log["record-outcome"].json]

  statement {
    sid       = "Table"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.broadcasts.arn]
  }

  statement {
    sid       = "ForgetKeys"
    actions   = ["ssm:DeleteParameter"]
    resources = [local.arns.keys]
  }

  statement {
    sid       = "Executions"
    actions   = ["states:DescribeExecution", "states:GetExecutionHistory"]
    resources = [local.arns.executions]
  }

  # `*`: the only resource that ListTasks can be narrowed to is a container instance, and Fargate has
  # none; the condition names the cluster instead.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
  statement {
    sid       = "FindTasks"
    actions   = ["ecs:ListTasks"]
    resources = ["*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.streamers.arn]
    }
  }

  statement {
    sid       = "Tasks"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = [local.arns.tasks]
  }

  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.outcomes.arn]
  }

  statement {
    sid       = "MarkAsAired"
    actions   = ["s3:GetObjectTagging", "s3:PutObjectTagging"]
    resources = ["${aws_s3_bucket.videos.arn}/videos/*"]
  }

  # Lambda reads the queue as the function.
  statement {
    sid       = "Missed"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    resources = [aws_sqs_queue.missed.arn]
  }

  # And leaves there as the function what the function could not take.
  statement {
    sid       = "Unrecorded"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.unrecorded.arn]
  }
}
