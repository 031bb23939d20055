resource "aws_ecs_cluster" "streamers" {
  #checkov:skip=CKV_AWS_65:Container Insights bills metrics for each task, more than a show costs; the streamer reports what matters itself
  name = var.name

  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "streamers" {
  cluster_name       = aws_ecs_cluster.streamers.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }

  # The first cluster of an account makes AWS create the role AWSServiceRoleForECS, which this needs
  # and which takes some seconds to be usable. Coming last gives it them; if it fails all the same
  # ("Unable to assume the service linked role"), apply once more.
  depends_on = [aws_sfn_state_machine.broadcast]
}

resource "aws_cloudwatch_log_group" "streamer" {
  #checkov:skip=CKV_AWS_158:logs hold no keys and no secrets; the key that CloudWatch Logs owns costs nothing
  #checkov:skip=CKV_AWS_338:how long logs are worth their storage is for the owner to say (log_retention_days)
  name              = "/ecs/${var.name}-streamer"
  retention_in_days = var.log_retention_days
}

resource "aws_ecs_task_definition" "streamer" {
  family                   = "${var.name}-streamer"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "256"
  memory                   = "512"
  task_role_arn            = aws_iam_role.streamer.arn
  execution_role_arn       = aws_iam_role.streamer_start.arn
  # A show that is on air, or is to be tried again, goes on with the revision that its execution
  # began with. AWS starts nothing from a revision that was deregistered.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.architecture)
  }

  container_definitions = jsonencode([{
    name      = local.container_name
    image     = "${aws_ecr_repository.streamer.repository_url}:${var.image_tag}"
    essential = true
    # The longest that Fargate waits between SIGTERM and SIGKILL.
    stopTimeout            = 120
    readonlyRootFilesystem = true
    user                   = "65532"
    linuxParameters = {
      # AWS answers an empty `add`; without it here, Terraform would see a change each time.
      capabilities = { add = [], drop = ["ALL"] }
    }
    # Nothing secret: which broadcast and attempt it is comes with each task, and the rest from the table.
    environment = [for name, value in local.streamer_environment : { name = name, value = value }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.streamer.name
        "awslogs-region"        = local.region
        "awslogs-stream-prefix" = "streamer"
        # A show does not wait for its log: what CloudWatch does not take in time is dropped.
        "mode"            = "non-blocking"
        "max-buffer-size" = "4m"
      }
    }
  }])
}

locals {
  container_name = "streamer"

  streamer_environment = merge(
    {
      TABLE             = aws_dynamodb_table.broadcasts.name
      DEPLOYMENT        = var.name
      METRICS_NAMESPACE = local.metrics_namespace
    },
    local.reaching_ingests,
  )

  # For who reads videos or connects to ingests.
  private_addresses = var.allow_private_addresses ? { ALLOW_PRIVATE_ADDRESSES = "true" } : {}

  # For who tries a key and for who publishes with it alike.
  reaching_ingests = merge(
    local.private_addresses,
    var.ingest_ca_pem == "" ? {} : { INGEST_CA_PEM = var.ingest_ca_pem },
  )
}
