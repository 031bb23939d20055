# For whoever schedules broadcasts and should do nothing else in this account. Attached to nobody here.
resource "aws_iam_policy" "operator" {
  name        = "${var.name}-operator-${local.region}"
  description = "Matinee: schedule broadcasts of the deployment ${var.name} and upload their videos"
  policy      = data.aws_iam_policy_document.operator.json
}

data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "FindTheDeployment"
    actions   = ["ssm:GetParameter"]
    resources = [aws_ssm_parameter.deployment.arn]
  }

  # Since October 2025 a function URL takes both rights.
  # https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
  statement {
    sid       = "CallTheApi"
    actions   = ["lambda:InvokeFunctionUrl"]
    resources = [aws_lambda_function.function["api"].arn]

    condition {
      test     = "StringEquals"
      variable = "lambda:FunctionUrlAuthType"
      values   = ["AWS_IAM"]
    }
  }

  # And not past the URL: the function believes what its URL says of a request.
  statement {
    sid       = "CallTheApiByItsUrl"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.function["api"].arn]

    condition {
      test     = "Bool"
      variable = "lambda:InvokedViaFunctionUrl"
      values   = ["true"]
    }
  }

  statement {
    sid = "Upload"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:GetObject",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]
    resources = ["${aws_s3_bucket.videos.arn}/videos/*"]
  }

  statement {
    sid       = "FindBrokenOffUploads"
    actions   = ["s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.videos.arn]
  }
}
