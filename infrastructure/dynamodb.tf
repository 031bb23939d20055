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

  # Providers from 6.29 on prefer blocks named key_schema and warn; older ones know only this.
  global_secondary_index {
    name            = "ByMonth"
    hash_key        = "GSI1PK"
    range_key       = "GSI1SK"
    projection_type = "ALL"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = true
  }
}
