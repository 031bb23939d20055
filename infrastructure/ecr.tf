resource "aws_ecr_repository" "streamer" {
  #checkov:skip=CKV_AWS_136:an image of open source is no secret; AES-256 by ECR itself will do
  name                 = "${var.name}-streamer"
  image_tag_mutability = "IMMUTABLE"
  # Images can be built again at any time.
  force_delete = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "streamer" {
  repository = aws_ecr_repository.streamer.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the newest"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.images_kept }
      action       = { type = "expire" }
    }]
  })
}
