# All tell the topic. Ten alarms of an account are free.

locals {
  alarms = {
    executions-failed = {
      description = "A broadcast failed and was given up. `${local.command} list` names it; `${local.command} retry` tries it again."
      namespace   = "AWS/States"
      metric      = "ExecutionsFailed"
      dimensions  = { StateMachineArn = local.arns.state_machine }
    }
    executions-timed-out = {
      description = "An execution took longer than it may; its broadcast is settled as failed."
      namespace   = "AWS/States"
      metric      = "ExecutionsTimedOut"
      dimensions  = { StateMachineArn = local.arns.state_machine }
    }
    executions-throttled = {
      description = "Step Functions makes executions wait: more begin at once than the account's quota allows. Shows may begin late."
      namespace   = "AWS/States"
      metric      = "ExecutionThrottled"
      dimensions  = { StateMachineArn = local.arns.state_machine }
    }
    unrecorded = {
      description = "Something could not be recorded, and a broadcast may show a status that is not true. Look into the queue ${var.name}-unrecorded."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.unrecorded.name }
      statistic   = "Maximum"
    }
    missed-not-settled = {
      description = "A missed broadcast has waited for 15 minutes to be settled: record-outcome does not read the queue ${var.name}-missed."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = aws_sqs_queue.missed.name }
      statistic   = "Maximum"
      threshold   = 900
    }
    missed-lost = {
      description = "The scheduler could neither start a broadcast nor say so: a show was missed, and its broadcast still shows as scheduled."
      namespace   = "AWS/Scheduler"
      metric      = "InvocationsFailedToBeSentToDeadLetterCount"
      dimensions  = { ScheduleGroup = aws_scheduler_schedule_group.broadcasts.name }
    }
    functions-throttled = {
      description = "Lambda refused to run functions of this account and region: too many at a time."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = {}
    }
  }

  # What a person types to ask this deployment.
  command = "matinee --aws --region ${local.region} --deployment ${var.name}"
}

resource "aws_cloudwatch_metric_alarm" "broadcasts" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = lookup(each.value, "statistic", "Sum")
  period              = 60
  evaluation_periods  = 1
  threshold           = lookup(each.value, "threshold", 1)
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.outcomes.arn]
}

# Not the other two functions: validate-token fails whenever a key is refused, record-outcome when a
# broadcast is given up. Those errors are the workflow's, which reacts; what it cannot mend raises the
# alarms above.
resource "aws_cloudwatch_metric_alarm" "function_errors" {
  for_each = toset(["api", "persist"])

  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "The function ${each.key} failed. Its log group says why: /aws/lambda/${var.name}-${each.key}."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.function[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.outcomes.arn]
}
