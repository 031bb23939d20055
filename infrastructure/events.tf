# Executions that are over. One that was stopped, that took too long, or that failed where no state could
# catch it: record-outcome settles its broadcast. And of any: it tells the outcome if its states could not.
resource "aws_cloudwatch_event_rule" "execution_ended" {
  name        = "${var.name}-execution-ended"
  description = "Executions that are over: record-outcome settles and tells what is left"

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [local.arns.state_machine]
      status          = ["ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"]
    }
  })
}

resource "aws_cloudwatch_event_target" "execution_ended" {
  rule = aws_cloudwatch_event_rule.execution_ended.name
  arn  = aws_lambda_function.function["record-outcome"].arn

  retry_policy {
    maximum_event_age_in_seconds = 24 * 3600
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.unrecorded.arn
  }
}

resource "aws_lambda_permission" "execution_ended" {
  statement_id   = "ExecutionEnded"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.function["record-outcome"].function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.execution_ended.arn
  source_account = local.account
}

# EventBridge hands an event over and is done; from then on Lambda tries, and this is where it gives up.
resource "aws_lambda_function_event_invoke_config" "record_outcome" {
  function_name                = aws_lambda_function.function["record-outcome"].function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 6 * 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.unrecorded.arn
    }
  }
}
