# The role that the streamer works with.
resource "aws_iam_role" "streamer" {
  name               = "${local.global_name}-streamer"
  description        = "Matinee: the streamer"
  assume_role_policy = data.aws_iam_policy_document.trust["task"].json
}

resource "aws_iam_role_policy" "streamer" {
  name   = "does"
  role   = aws_iam_role.streamer.id
  policy = data.aws_iam_policy_document.streamer.json
}

data "aws_iam_policy_document" "streamer" {
  statement {
    sid       = "Table"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.broadcasts.arn]
  }

  statement {
    sid       = "Keys"
    actions   = ["ssm:GetParameter"]
    resources = [local.arns.keys]
  }

  statement {
    sid     = "Videos"
    actions = ["s3:GetObject"]
    resources = concat(
      ["${aws_s3_bucket.videos.arn}/*"],
      [for bucket in var.source_buckets : "arn:${local.partition}:s3:::${bucket}/*"],
    )
  }
}

# The role that ECS starts the streamer with: it pulls the image and carries the log away.
resource "aws_iam_role" "streamer_start" {
  name               = "${local.global_name}-streamer-start"
  description        = "Matinee: ECS, when it starts the streamer"
  assume_role_policy = data.aws_iam_policy_document.trust["task"].json
}

resource "aws_iam_role_policy" "streamer_start" {
  name   = "does"
  role   = aws_iam_role.streamer_start.id
  policy = data.aws_iam_policy_document.streamer_start.json
}

data "aws_iam_policy_document" "streamer_start" {
  # `*`: a token is for the whole registry, and which images it is good for is said below.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
  statement {
    sid       = "LogInToTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "PullTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.streamer.arn]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.streamer.arn}:*"]
  }
}
