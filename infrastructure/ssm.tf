# What `matinee --aws` has to know of this deployment.
resource "aws_ssm_parameter" "deployment" {
  #checkov:skip=CKV2_AWS_34:addresses and names, nothing secret
  name        = "/matinee-deployment/${var.name}"
  description = "Where matinee --aws finds this deployment"
  type        = "String"

  value = jsonencode({
    version           = 1
    api_url           = aws_lambda_function_url.api.function_url
    videos_bucket     = aws_s3_bucket.videos.bucket
    state_machine_arn = aws_sfn_state_machine.broadcast.arn
    dashboard_url     = local.dashboard_url
  })
}
