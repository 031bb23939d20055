# What is on air, how well, and what failed. Metrics of the streamer come from its log (embedded metric
# format) with one dimension, the deployment.

locals {
  metrics_namespace = "Matinee"
  dashboard_url     = "https://${local.region}.console.aws.amazon.com/cloudwatch/home?region=${local.region}#dashboards/dashboard/${local.global_name}"

  # Rows of up to three graphs. An empty `metrics` is a query of the logs.
  widgets = [
    [
      {
        title   = "On air now"
        view    = "timeSeries"
        stat    = "Sum"
        period  = 60
        metrics = [[local.metrics_namespace, "OnAir", "Deployment", var.name, { label = "broadcasts" }]]
      },
      {
        title  = "First media message, ms off the air time"
        view   = "timeSeries"
        stat   = "Maximum"
        period = 300
        metrics = [
          [local.metrics_namespace, "OnAirErrorMs", "Deployment", var.name, { label = "worst" }],
          ["...", { label = "median", stat = "p50" }],
        ]
      },
      {
        title   = "Reconnects"
        view    = "timeSeries"
        stat    = "Sum"
        period  = 300
        metrics = [[local.metrics_namespace, "Reconnects", "Deployment", var.name, { label = "reconnects" }]]
      },
    ],
    [
      {
        title  = "Sent, Mbit/s"
        view   = "timeSeries"
        stat   = "Sum"
        period = 60
        metrics = [
          [{ expression = "sent * 8 / PERIOD(sent) / 1000000", label = "Mbit/s", id = "rate" }],
          [local.metrics_namespace, "BytesSent", "Deployment", var.name, { id = "sent", visible = false }],
        ]
      },
      {
        title   = "Stalled, seconds"
        view    = "timeSeries"
        stat    = "Sum"
        period  = 300
        metrics = [[local.metrics_namespace, "StallSeconds", "Deployment", var.name, { label = "seconds" }]]
      },
      {
        title  = "Broadcasts"
        view   = "timeSeries"
        stat   = "Sum"
        period = 300
        metrics = [
          ["AWS/States", "ExecutionsStarted", "StateMachineArn", local.arns.state_machine, { label = "started" }],
          [".", "ExecutionsSucceeded", ".", ".", { label = "aired", color = "#2ca02c" }],
          [".", "ExecutionsFailed", ".", ".", { label = "failed", color = "#d62728" }],
          [".", "ExecutionsTimedOut", ".", ".", { label = "timed out", color = "#9467bd" }],
          [".", "ExecutionsAborted", ".", ".", { label = "stopped", color = "#7f7f7f" }],
        ]
      },
    ],
    [
      {
        title  = "Starts by the scheduler"
        view   = "timeSeries"
        stat   = "Sum"
        period = 300
        metrics = [
          ["AWS/Scheduler", "InvocationAttemptCount", "ScheduleGroup", var.name, { label = "attempts" }],
          [".", "TargetErrorCount", ".", ".", { label = "refused" }],
          [".", "InvocationsSentToDeadLetterCount", ".", ".", { label = "missed", color = "#d62728" }],
        ]
      },
      {
        title  = "Errors of the functions"
        view   = "timeSeries"
        stat   = "Sum"
        period = 300
        metrics = concat(
          [for function in keys(local.functions) : ["AWS/Lambda", "Errors", "FunctionName", "${var.name}-${function}", { label = function }]],
          [["AWS/Lambda", "Throttles", { label = "throttled" }]],
        )
      },
      {
        title  = "Waiting in queues"
        view   = "timeSeries"
        stat   = "Maximum"
        period = 60
        metrics = [
          ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${var.name}-missed", { label = "missed" }],
          ["...", "${var.name}-unrecorded", { label = "unrecorded", color = "#d62728" }],
        ]
      },
    ],
  ]
}

resource "aws_cloudwatch_dashboard" "broadcasts" {
  dashboard_name = local.global_name

  dashboard_body = jsonencode({
    periodOverride = "inherit"
    widgets = concat(
      flatten([
        for row, widgets in local.widgets : [
          for column, widget in widgets : {
            type   = "metric"
            x      = 8 * column
            y      = 6 * row
            width  = 8
            height = 6
            properties = {
              title   = widget.title
              view    = widget.view
              stat    = widget.stat
              period  = widget.period
              region  = local.region
              metrics = widget.metrics
              yAxis   = { left = { min = 0, showUnits = false } }
            }
          }
        ]
      ]),
      [
        {
          type   = "log"
          x      = 0
          y      = 18
          width  = 24
          height = 6
          properties = {
            title  = "What went wrong"
            region = local.region
            view   = "table"
            query = join(" | ", [
              "SOURCE '${aws_cloudwatch_log_group.streamer.name}' | SOURCE '${aws_cloudwatch_log_group.function["record-outcome"].name}' | SOURCE '${aws_cloudwatch_log_group.function["validate-token"].name}'",
              "fields @timestamp, level, broadcast, kind, reason, message",
              "filter level in ['WARN', 'ERROR']",
              "sort @timestamp desc",
              "limit 50",
            ])
          }
        },
      ],
    )
  })
}
