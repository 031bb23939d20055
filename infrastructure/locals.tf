data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  # Names of IAM, budgets and dashboards are one account's, not one region's.
  global_name = "${var.name}-${local.region}"

  # ARNs that are needed before, or in a circle with, what they name.
  arns = {
    state_machine = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${var.name}-broadcast"
    executions    = "arn:${local.partition}:states:${local.region}:${local.account}:execution:${var.name}-broadcast:*"
    tasks         = "arn:${local.partition}:ecs:${local.region}:${local.account}:task/${var.name}/*"
    schedules     = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule/${var.name}/*"
    # All deployments of an account share the key store; a broadcast's id tells whose a key is.
    keys = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/matinee/*"
  }
}
