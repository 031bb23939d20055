# The videos. Whoever uploads them has the operator's policy; only the streamer reads them.
resource "aws_s3_bucket" "videos" {
  #checkov:skip=CKV_AWS_18:who reads which video is told by CloudTrail data events where that is wanted; logs of access would be objects to pay for
  #checkov:skip=CKV_AWS_144:a second copy in another region would cost more than the show; the owner has the original
  #checkov:skip=CKV_AWS_145:the key that S3 manages costs nothing; one of one's own costs $1 a month and its requests
  #checkov:skip=CKV2_AWS_62:nobody has to hear of an upload: the broadcast is scheduled by whoever uploads
  bucket        = "${var.name}-videos-${local.account}-${local.region}"
  force_destroy = var.delete_videos
}

resource "aws_s3_bucket_ownership_controls" "videos" {
  bucket = aws_s3_bucket.videos.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "videos" {
  bucket = aws_s3_bucket.videos.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "videos" {
  bucket = aws_s3_bucket.videos.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# A video that was deleted or replaced by mistake can be had back.
resource "aws_s3_bucket_versioning" "videos" {
  bucket = aws_s3_bucket.videos.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_policy" "videos" {
  bucket = aws_s3_bucket.videos.id
  policy = data.aws_iam_policy_document.tls_only["videos"].json

  # Two changes of a bucket's access at the same time are refused.
  depends_on = [aws_s3_bucket_public_access_block.videos]
}

resource "aws_s3_bucket_lifecycle_configuration" "videos" {
  bucket = aws_s3_bucket.videos.id

  # Days count from the upload, not from the tag that record-outcome sets when the show has aired.
  rule {
    id     = "archive-what-aired"
    status = "Enabled"

    filter {
      tag {
        key   = "matinee"
        value = "aired"
      }
    }

    transition {
      days          = var.archive_after_days
      storage_class = "GLACIER_IR"
    }
  }

  rule {
    id     = "forget-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  # An upload that was broken off can be resumed for a week; its parts are billed meanwhile.
  rule {
    id     = "forget-broken-off-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.videos]
}
