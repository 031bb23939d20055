# Who may be which role. What a role may do is in iam_functions.tf, iam_streamer.tf, iam_workflow.tf;
# what people may do in iam_people.tf.
#
# Services act for anybody who has an account. Each trust therefore names this account, and the source
# as narrowly as the service tells it (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).

locals {
  trusts = {
    # Lambda's documentation names no source ARN for this, and with a condition on one that is not
    # sent no function could be made.
    lambda = { service = "lambda.amazonaws.com", source = null }
    # ECS tells no narrower source than the region.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
    task          = { service = "ecs-tasks.amazonaws.com", source = "arn:${local.partition}:ecs:${local.region}:${local.account}:*" }
    state_machine = { service = "states.amazonaws.com", source = local.arns.state_machine }
    # The group: the scheduler takes no single schedule here.
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    scheduler = { service = "scheduler.amazonaws.com", source = aws_scheduler_schedule_group.broadcasts.arn }
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.trusts

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    dynamic "condition" {
      for_each = each.value.source == null ? [] : [each.value.source]

      content {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = [condition.value]
      }
    }
  }
}

# What each thing that has a policy of its own says to whoever comes without TLS.
data "aws_iam_policy_document" "tls_only" {
  for_each = {
    videos     = { actions = ["s3:*"], resources = [aws_s3_bucket.videos.arn, "${aws_s3_bucket.videos.arn}/*"] }
    outcomes   = { actions = ["sns:Publish"], resources = [aws_sns_topic.outcomes.arn] }
    missed     = { actions = ["sqs:*"], resources = [aws_sqs_queue.missed.arn] }
    unrecorded = { actions = ["sqs:*"], resources = [aws_sqs_queue.unrecorded.arn] }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = each.value.actions
    resources = each.value.resources

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
