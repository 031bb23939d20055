# How shows went (record-outcome tells it), and what is wrong (the alarms and the budget do).
resource "aws_sns_topic" "outcomes" {
  #checkov:skip=CKV_AWS_26:CloudWatch alarms cannot publish to a topic that is encrypted with the key aws/sns, and a key of one's own costs $1 a month; messages hold no secrets
  name = "${var.name}-outcomes"
}

resource "aws_sns_topic_subscription" "email" {
  count = var.email == null ? 0 : 1

  topic_arn = aws_sns_topic.outcomes.arn
  protocol  = "email"
  endpoint  = var.email
}

resource "aws_sns_topic_policy" "outcomes" {
  arn    = aws_sns_topic.outcomes.arn
  policy = data.aws_iam_policy_document.outcomes_topic.json
}

data "aws_iam_policy_document" "outcomes_topic" {
  source_policy_documents = [data.aws_iam_policy_document.tls_only["outcomes"].json]

  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.outcomes.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "Budget"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.outcomes.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:budgets::${local.account}:*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}
