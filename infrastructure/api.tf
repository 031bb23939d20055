# Only who signs as somebody of this account that may invoke it gets through: see operator in
# iam_people.tf. Lambda's own policy for the function allows nobody.
resource "aws_lambda_function_url" "api" {
  function_name      = aws_lambda_function.function["api"].function_name
  authorization_type = "AWS_IAM"
  invoke_mode        = "BUFFERED"
}
