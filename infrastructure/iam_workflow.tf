resource "aws_iam_role" "state_machine" {
  name               = "${local.global_name}-state-machine"
  description        = "Matinee: the workflow of a broadcast"
  assume_role_policy = data.aws_iam_policy_document.trust["state_machine"].json
}

resource "aws_iam_role_policy" "state_machine" {
  name   = "does"
  role   = aws_iam_role.state_machine.id
  policy = data.aws_iam_policy_document.state_machine.json
}

# Every ARN that state-machines/broadcast.asl.json names has to be here; a test compares.
data "aws_iam_policy_document" "state_machine" {
  statement {
    sid       = "Functions"
    actions   = ["lambda:InvokeFunction"]
    resources = [for function in ["persist", "record-outcome", "validate-token"] : aws_lambda_function.function[function].arn]
  }

  # Every revision: an execution goes on with the one that it began with.
  statement {
    sid       = "StartTheStreamer"
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.streamer.arn_without_revision}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.streamers.arn]
    }
  }

  # A task takes over the tags of its definition.
  statement {
    sid       = "TagIt"
    actions   = ["ecs:TagResource"]
    resources = [local.arns.tasks]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }

  statement {
    sid       = "FollowAndStopIt"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = [local.arns.tasks]
  }

  statement {
    sid       = "GiveTheStreamer"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.streamer.arn, aws_iam_role.streamer_start.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }

  # The rule by which Step Functions hears that a task has stopped; it makes the rule itself.
  # https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
  statement {
    sid       = "HearOfItsEnd"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/StepFunctionsGetEventsForECSTaskRule"]
  }

  # `*`: the delivery of logs has no resources of its own.
  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  statement {
    sid = "Log"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  # `*`: X-Ray has no resources for traces.
  # https://docs.aws.amazon.com/step-functions/latest/dg/xray-iam.html
  statement {
    sid = "Trace"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${local.global_name}-scheduler"
  description        = "Matinee: EventBridge Scheduler, when it starts a broadcast"
  assume_role_policy = data.aws_iam_policy_document.trust["scheduler"].json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "does"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "Start"
    actions   = ["states:StartExecution"]
    resources = [local.arns.state_machine]
  }

  statement {
    sid       = "Missed"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.missed.arn]
  }
}
