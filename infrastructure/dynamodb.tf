# The same as crates/broadcast/src/table/schema.rs makes on one machine; ci/infrastructure.sh compares.
resource "aws_dynamodb_table" "broadcasts" {
  #checkov:skip=CKV_AWS_119:the table holds no secrets (stream keys are in Parameter Store); the key that DynamoDB owns costs nothing
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = var.deletion_protection
  hash_key                    = "PK"
  range_key                   = "SK"

  attribute {
    name = "PK"
    type = "S"
  }

  attribute {
    name = "SK"
    type = "S"
  }

  attribute {
    name = "GSI1PK"
    type = "S"
  }

  attribute {
    name = "GSI1SK"
    type = "S"
  }

  # All but the progress, which each show on air writes every five seconds: a month is one partition
  # of the index, and takes a thousand writes a second.
  # Providers from 6.29 on prefer blocks named key_schema and warn; older ones know only this.
  global_secondary_index {
    name            = "ByMonth"
    hash_key        = "GSI1PK"
    range_key       = "GSI1SK"
    projection_type = "INCLUDE"
    non_key_attributes = [
      "id",
      "title",
      "source",
      "destinations",
      "air_time",
      "time_zone",
      "lead_seconds",
      "on_drop",
      "spot",
      "audio_track",
      "silence",
      "head_seconds",
      "tail_seconds",
      "status",
      "attempts",
      "key_failures",
      "backup_failures",
      "outcome",
      "created_at",
      "expires_at",
    ]
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = true
  }
}
