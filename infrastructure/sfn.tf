# The workflow is one file for AWS and for one machine; ci/infrastructure.sh compares what is rendered
# here with what state-machines renders.
resource "aws_cloudwatch_log_group" "broadcast" {
  #checkov:skip=CKV_AWS_158:logs hold no keys and no secrets; the key that CloudWatch Logs owns costs nothing
  #checkov:skip=CKV_AWS_338:how long logs are worth their storage is for the owner to say (log_retention_days)
  # Under this prefix the resource policy of CloudWatch Logs, of 5,120 characters, does not grow
  # with each state machine.
  name              = "/aws/vendedlogs/states/${var.name}-broadcast"
  retention_in_days = var.log_retention_days
}

resource "aws_sfn_state_machine" "broadcast" {
  #checkov:skip=CKV_AWS_285:errors are logged; inputs and outputs of the states are in the execution's history and need not be there twice
  name     = "${var.name}-broadcast"
  type     = "STANDARD"
  role_arn = aws_iam_role.state_machine.arn

  definition = templatefile("${path.module}/../state-machines/broadcast.asl.json", {
    validate_token_function_arn = aws_lambda_function.function["validate-token"].arn
    persist_function_arn        = aws_lambda_function.function["persist"].arn
    record_outcome_function_arn = aws_lambda_function.function["record-outcome"].arn
    cluster_arn                 = aws_ecs_cluster.streamers.arn
    task_definition_arn         = aws_ecs_task_definition.streamer.arn
    container_name              = local.container_name
    subnet_ids                  = join(",", [for zone in local.zones : aws_subnet.public[zone].id])
    security_group_ids          = aws_security_group.streamer.id
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.broadcast.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # AWS tries the role out when it makes the state machine.
  depends_on = [aws_iam_role_policy.state_machine]
}
