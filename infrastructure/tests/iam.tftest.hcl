# Who may do what, policy by policy. Not mocked: see deployment.tftest.hcl.
# ci/infrastructure.sh goes on from here: it walks through every policy of every resource.

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
}

run "permissions" {
  command = apply

  # Statements that may name `*`, and nothing else may.
  assert {
    condition = alltrue([
      for policy in concat(values(aws_iam_role_policy.function), [aws_iam_role_policy.streamer, aws_iam_role_policy.streamer_start, aws_iam_role_policy.state_machine, aws_iam_role_policy.scheduler, aws_iam_policy.operator]) : alltrue([
        for statement in jsondecode(policy.policy).Statement :
        !contains(flatten([statement.Resource]), "*") || contains(["FindTasks", "LogInToTheRegistry", "Log", "Trace"], statement.Sid) && alltrue([
          for action in flatten([statement.Action]) : can(regex("^(ecs:ListTasks|ecr:GetAuthorizationToken|logs:[A-Za-z]+LogDeliver(y|ies)|logs:(DescribeLogGroups|DescribeResourcePolicies|PutResourcePolicy)|xray:[A-Za-z]+)$", action))
        ])
      ])
    ])
    error_message = "A policy names every resource where AWS knows no other."
  }

  assert {
    condition = alltrue([
      for policy in concat(values(aws_iam_role_policy.function), [aws_iam_role_policy.streamer, aws_iam_role_policy.streamer_start, aws_iam_role_policy.state_machine, aws_iam_role_policy.scheduler, aws_iam_policy.operator]) : alltrue([
        for action in flatten([for statement in jsondecode(policy.policy).Statement : statement.Action]) : !strcontains(action, "*")
      ])
    ])
    error_message = "A policy allows every action of a kind."
  }

  # Trusts: this account only, and the narrowest source that the service tells.
  assert {
    condition = alltrue([
      for role in concat(values(aws_iam_role.function), [aws_iam_role.streamer, aws_iam_role.streamer_start, aws_iam_role.state_machine, aws_iam_role.scheduler]) : alltrue([
        for statement in jsondecode(role.assume_role_policy).Statement : try(statement.Condition.StringEquals["aws:SourceAccount"], "") == "123456789012"
      ])
    ])
    error_message = "A service may be a role for another account."
  }

  assert {
    condition = (
      jsondecode(aws_iam_role.state_machine.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == aws_sfn_state_machine.broadcast.arn &&
      jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == aws_scheduler_schedule_group.broadcasts.arn &&
      jsondecode(aws_iam_role.streamer.assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:ecs:us-east-1:123456789012:*"
    )
    error_message = "A role is for one state machine, one group of schedules, ECS of one region."
  }

  # The state machine.
  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : toset(statement.Resource) if statement.Sid == "Functions"]) == toset([
      aws_lambda_function.function["validate-token"].arn, aws_lambda_function.function["persist"].arn, aws_lambda_function.function["record-outcome"].arn,
    ])
    error_message = "The workflow calls its three functions, and not the API."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement :
      statement.Condition.ArnEquals["ecs:cluster"] == aws_ecs_cluster.streamers.arn && statement.Resource == "arn:aws:ecs:us-east-1:123456789012:task-definition/matinee-streamer:*"
      if statement.Sid == "StartTheStreamer"
    ])
    error_message = "The workflow starts streamers, in its own cluster."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.state_machine.policy).Statement : (
        statement.Sid == "GiveTheStreamer" && statement.Action == "iam:PassRole" &&
        toset(statement.Resource) == toset([aws_iam_role.streamer.arn, aws_iam_role.streamer_start.arn]) &&
        statement.Condition == { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      ) if contains(flatten([statement.Action]), "iam:PassRole")
    ])
    error_message = "The workflow gives the streamer's two roles to ECS, and none to anybody else."
  }

  assert {
    condition = one([for statement in jsondecode(aws_iam_role_policy.function["api"].policy).Statement : statement if statement.Sid == "GiveTheScheduler"]) == {
      Sid       = "GiveTheScheduler"
      Effect    = "Allow"
      Action    = "iam:PassRole"
      Resource  = aws_iam_role.scheduler.arn
      Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
    }
    error_message = "The API gives the scheduler's role to the scheduler, and none to anybody else."
  }

  # Stream keys: written by the API, read where they are used, and nowhere else.
  assert {
    condition = toset([
      for name, policy in merge({ for name, policy in aws_iam_role_policy.function : name => policy.policy }, { streamer = aws_iam_role_policy.streamer.policy, start = aws_iam_role_policy.streamer_start.policy, state-machine = aws_iam_role_policy.state_machine.policy, scheduler = aws_iam_role_policy.scheduler.policy, operator = aws_iam_policy.operator.policy }) : name
      if anytrue([for statement in jsondecode(policy).Statement : contains(flatten([statement.Action]), "ssm:GetParameter") && contains(flatten([statement.Resource]), "arn:aws:ssm:us-east-1:123456789012:parameter/matinee/*")])
    ]) == toset(["streamer", "validate-token"])
    error_message = "Only validate-token and the streamer read stream keys."
  }

  # People.
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.operator.policy).Statement : can(statement.Condition) if anytrue([for action in flatten([statement.Action]) : startswith(action, "lambda:")])
      ]) && toset(flatten([for statement in jsondecode(aws_iam_policy.operator.policy).Statement : statement.Action])) == toset([
      "lambda:InvokeFunction", "lambda:InvokeFunctionUrl", "s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucketMultipartUploads",
      "s3:ListMultipartUploadParts", "s3:PutObject", "ssm:GetParameter",
    ])
    error_message = "An operator finds the deployment, calls its API by its URL and uploads videos."
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_policy.operator.policy).Statement : statement.Resource if statement.Sid == "Upload"]) == "${aws_s3_bucket.videos.arn}/videos/*"
    error_message = "An operator uploads under videos/."
  }
}
