# The streamers' network: public subnets, so that no NAT gateway ($0.045 an hour and as much for a
# gigabyte as the egress itself) stands between a streamer and its ingest. Nothing gets in.

data "aws_availability_zones" "available" {
  state = "available"
  # Zones without Fargate. A task that is offered one there fails to start.
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
  exclude_zone_ids = ["use1-az3", "apne1-az3", "cac1-az4"]

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  # Few regions have only two.
  zones = slice(data.aws_availability_zones.available.names, 0, min(3, length(data.aws_availability_zones.available.names)))
}

resource "aws_vpc" "streamers" {
  #checkov:skip=CKV2_AWS_11:flow logs would cost more than the shows: nothing can connect to the inside, and the streamer logs where it connects to
  cidr_block                       = var.vpc_cidr
  assign_generated_ipv6_cidr_block = true
  enable_dns_hostnames             = true

  tags = { Name = var.name }
}

# The group that AWS makes with each VPC: whoever uses it by mistake gets nowhere.
resource "aws_default_security_group" "none" {
  vpc_id = aws_vpc.streamers.id

  tags = { Name = "${var.name}-default-unused" }
}

resource "aws_internet_gateway" "streamers" {
  vpc_id = aws_vpc.streamers.id

  tags = { Name = var.name }
}

resource "aws_subnet" "public" {
  for_each = { for index, zone in local.zones : zone => index }

  vpc_id                          = aws_vpc.streamers.id
  availability_zone               = each.key
  cidr_block                      = cidrsubnet(var.vpc_cidr, 2, each.value)
  ipv6_cidr_block                 = cidrsubnet(aws_vpc.streamers.ipv6_cidr_block, 8, each.value)
  assign_ipv6_address_on_creation = true
  # A task asks for its public address itself (AssignPublicIp).
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.streamers.id

  tags = { Name = var.name }
}

resource "aws_route" "ipv4" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.streamers.id
}

resource "aws_route" "ipv6" {
  route_table_id              = aws_route_table.public.id
  destination_ipv6_cidr_block = "::/0"
  gateway_id                  = aws_internet_gateway.streamers.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

# No rule for what comes in, and none may be added: tests and checkov watch over it.
resource "aws_security_group" "streamer" {
  #checkov:skip=CKV2_AWS_5:Step Functions attaches it to each task; Terraform sees no task
  name        = "${var.name}-streamer"
  description = "Streamers: out to videos and ingests, nothing in"
  vpc_id      = aws_vpc.streamers.id

  tags = { Name = "${var.name}-streamer" }

  lifecycle {
    create_before_destroy = true
  }
}

# Every port: an ingest can be at any. 443 and 1935 would do for the platforms; but for any other
# the keys would be tried with success, which happens outside of this network, and the show would
# fail at its air time. Where a streamer may go is decided where it is known what it is: by address,
# after name resolution, in the streamer (streamer/src/address.rs).
resource "aws_vpc_security_group_egress_rule" "ipv4" {
  security_group_id = aws_security_group.streamer.id
  description       = "Videos and ingests, at any port"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 1
  to_port           = 65535
}

resource "aws_vpc_security_group_egress_rule" "ipv6" {
  security_group_id = aws_security_group.streamer.id
  description       = "Videos and ingests, at any port"
  cidr_ipv6         = "::/0"
  ip_protocol       = "tcp"
  from_port         = 1
  to_port           = 65535
}

# Gateway endpoints cost nothing. Through them go the videos, the layers of the image, and the table.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.streamers.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public.id]
  policy            = data.aws_iam_policy_document.s3_endpoint.json

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.streamers.id
  service_name      = "com.amazonaws.${local.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.public.id]
  policy            = data.aws_iam_policy_document.dynamodb_endpoint.json

  tags = { Name = "${var.name}-dynamodb" }
}

# What may pass the endpoint; it grants nothing by itself. Any object may be read: a video can be in
# anybody's bucket, given by a presigned or public address, and the image's layers are in one of AWS.
# Nothing may be written.
data "aws_iam_policy_document" "s3_endpoint" {
  #checkov:skip=CKV_AWS_108:it says what may pass and grants nothing; a video can be in anybody's bucket
  #checkov:skip=CKV_AWS_356:a video can be in anybody's bucket
  statement {
    sid       = "ReadAnything"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

data "aws_iam_policy_document" "dynamodb_endpoint" {
  statement {
    sid       = "TheTable"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.broadcasts.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}
