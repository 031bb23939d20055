output "api_url" {
  description = "Address of the API. Requests are signed (SigV4, service lambda)."
  value       = aws_lambda_function_url.api.function_url
}

output "cluster_name" {
  description = "ECS cluster that the streamers run in."
  value       = aws_ecs_cluster.streamers.name
}

output "dashboard_url" {
  description = "CloudWatch dashboard: what is on air, how well, and what failed."
  value       = local.dashboard_url
}

output "deployment_parameter" {
  description = "SSM parameter by which `matinee --aws` finds all this."
  value       = aws_ssm_parameter.deployment.name
}

output "image_repository_url" {
  description = "ECR repository of the streamer's image."
  value       = aws_ecr_repository.streamer.repository_url
}

output "operator_policy_arn" {
  description = "IAM policy for whoever schedules broadcasts and should do nothing else. Attach it to a user, a group or a role."
  value       = aws_iam_policy.operator.arn
}

output "state_machine_arn" {
  description = "The workflow: one execution for each broadcast, named after it."
  value       = aws_sfn_state_machine.broadcast.arn
}

output "streamer_role_arn" {
  description = "Role of the streamer. A bucket in another account has to allow it s3:GetObject."
  value       = aws_iam_role.streamer.arn
}

output "table_name" {
  description = "DynamoDB table of broadcasts."
  value       = aws_dynamodb_table.broadcasts.name
}

output "topic_arn" {
  description = "SNS topic that tells how shows went and what is wrong."
  value       = aws_sns_topic.outcomes.arn
}

output "unrecorded_queue_url" {
  description = "SQS queue of what nobody could record; empty unless something is wrong."
  value       = aws_sqs_queue.unrecorded.id
}

output "videos_bucket" {
  description = "S3 bucket of the videos; they are under videos/."
  value       = aws_s3_bucket.videos.bucket
}
